import { describe, expect, it } from 'vitest'
import { SessionKit } from '../support/session-kit.ts'

describe('what a session tells of itself', () => {
  it('info has the names of the admin API', () => {
    const { session } = new SessionKit().connect().deliver(1, 'a')
    expect(Object.keys(session.info()).sort()).toEqual([
      'awaiting_rel',
      'awaiting_rel_cnt',
      'awaiting_rel_max',
      'awaiting_rel_timeout',
      'created_at',
      'deliver_stats',
      'enqueue_cnt',
      'inflight',
      'inflight_cnt',
      'inflight_max',
      'mqueue_dropped',
      'mqueue_len',
      'mqueue_max',
      'next_pkt_id',
      'retry_interval',
      'subscriptions',
      'subscriptions_cnt',
      'subscriptions_max',
      'upgrade_qos',
    ])
  })

  it('attrs are constant, stats count', () => {
    const { session } = new SessionKit().connect().deliver(1, 'a')
    expect(session.attrs()).toMatchObject({ inflight_max: 32, created_at: 1_700_000_000_000 })
    expect(session.stats()).toMatchObject({ inflight_cnt: 1, next_pkt_id: 2, mqueue_len: 0 })
    const shared = Object.keys(session.attrs()).filter((key) => key in session.stats())
    expect(shared).toEqual([])
  })
})
