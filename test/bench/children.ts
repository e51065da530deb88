import type { ChildProcess } from 'node:child_process'

const children = new Set<ChildProcess>()

/** Has a process end with ours, however ours ends, but for SIGKILL. */
export function adopt(child: ChildProcess): void {
  if (children.size === 0) watch()
  children.add(child)
  child.once('close', () => children.delete(child))
}

const killAll = (): void => {
  for (const child of children) child.kill('SIGKILL')
}
const leave = (): void => process.exit(130)

function watch(): void {
  process.off('exit', killAll).on('exit', killAll)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, leave).on(signal, leave)
}
