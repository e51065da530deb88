import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DiskFaults } from './disk-faults.ts'
import { NodeProcess } from './node-process.ts'
import type { PowerLoss } from './power-loss.ts'

/** A disk with faults in a temporary folder, and a Node that works on it. */
export class Scene {
  readonly folder: string
  readonly disk: DiskFaults
  node: NodeProcess

  private constructor(folder: string, disk: DiskFaults, node: NodeProcess) {
    this.folder = folder
    this.disk = disk
    this.node = node
  }

  static async open(): Promise<Scene> {
    const folder = mkdtempSync(join(tmpdir(), 'disk-faults-'))
    const disk = new DiskFaults(join(folder, 'data'))
    return new Scene(folder, disk, await NodeProcess.start(disk))
  }

  /** What a file of the disk has now. */
  contentOf(name: string): string {
    return readFileSync(join(this.disk.folder, name), 'utf8')
  }

  /** Kills the Node and cuts the power. */
  async cutPower(seed?: number): Promise<PowerLoss> {
    await this.node.kill()
    return this.disk.applyPowerLoss(seed)
  }

  /** Starts a new Node in place of the one that was killed. */
  async restart(): Promise<void> {
    this.node = await NodeProcess.start(this.disk)
  }

  async dispose(): Promise<void> {
    await this.node.kill()
    this.disk.dispose()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
