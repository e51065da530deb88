import { script } from './script.ts'

/**
 * Takes a session in: nobody with a lower epoch writes to it any more.
 *
 * KEYS owner, session. ARGV incarnation, epoch. Answers its fields and their values, `fenced`, or nothing
 * where there is no such session.
 */
export const adopt = script(
  'allow-oom',
  `
  if redis.call('HGET', KEYS[1], 'incarnation') ~= ARGV[1] then return 'fenced' end
  local epoch = redis.call('HGET', KEYS[2], 'e')
  if not epoch then return false end
  if tonumber(epoch) > tonumber(ARGV[2]) then return 'fenced' end
  if epoch ~= ARGV[2] then redis.call('HSET', KEYS[2], 'e', ARGV[2]) end
  return redis.call('HGETALL', KEYS[2])
`,
)

/**
 * Reads runs of a lane, the oldest first.
 *
 * KEYS lane. ARGV the sequence from which on, and how many entries and bytes are enough.
 */
export const readRuns = script(
  'no-writes',
  `
  local from, runs, length, bytes = ARGV[1], {}, 0, 0
  repeat
    local found = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 16)
    for _, entry in ipairs(found) do
      local fields = entry[2]
      runs[#runs + 1] = fields[4]
      length = length + tonumber(fields[2])
      bytes = bytes + #fields[4]
      from = '(' .. entry[1]
      if length >= tonumber(ARGV[2]) or bytes >= tonumber(ARGV[3]) then return runs end
    end
  until #found < 16
  return runs
`,
)
