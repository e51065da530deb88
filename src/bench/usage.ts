import { readFileSync } from 'node:fs'

/** What a process has used of the machine so far. */
export interface ProcessUsage {
  /** User and system time of all its threads. */
  readonly cpuMs: number
  readonly rssBytes: number
}

/** Linux counts in ticks of 10 ms. */
const tickMs = 10

/** Another process, from outside; undefined when it is gone, or this is no Linux. */
export function readUsage(pid: number): ProcessUsage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name, in parentheses, may hold anything; behind it user and system time are 12th and 13th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const rssKb = /^VmRSS:\s+(\d+)/m.exec(status)?.[1]
    const cpuMs = (Number(fields[11]) + Number(fields[12])) * tickMs
    return { cpuMs, rssBytes: Number(rssKb ?? 0) * 1024 }
  } catch {
    return undefined
  }
}

/** CPU time of the whole machine so far, idle time not counted; undefined when this is no Linux. */
export function readMachineBusyMs(): number | undefined {
  try {
    const line = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0] ?? ''
    const [user, nice, system, , , irq, softIrq] = line.trim().split(/\s+/).slice(1).map(Number)
    const ticks = [user, nice, system, irq, softIrq].map((value) => value ?? 0)
    return ticks.reduce((sum, value) => sum + value, 0) * tickMs
  } catch {
    return undefined
  }
}
