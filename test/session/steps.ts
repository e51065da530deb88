/** One step of a history: what happens, and a number that says how. */
export interface Step {
  readonly what: keyof typeof steps
  readonly how: number
}

/** What can happen, and how often in 64. */
export const steps = {
  deliver: 16,
  deliverRun: 1,
  sendRetained: 1,
  clientReads: 9,
  acksArrive: 9,
  wrongAck: 2,
  cut: 3,
  connect: 6,
  commit: 5,
  closeBatch: 1,
  pageOut: 1,
  pagesCome: 2,
  socketFills: 1,
  socketDrains: 2,
  timePasses: 1,
  crash: 1,
  clientPublishes: 3,
  subscribe: 1,
  reconfigure: 2,
} as const
