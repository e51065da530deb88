import { script } from './script.ts'

/**
 * Tries every command that the other scripts use, so that one which this user may not use is known before
 * anything is half written.
 *
 * KEYS a hash, a stream, a sorted set, a text. Answers what Redis refuses, a text each.
 */
export const probe = script(
  'allow-oom',
  `
  local refused = {}
  local function try(...)
    local answer = redis.pcall(...)
    if type(answer) == 'table' and answer.err then
      refused[#refused + 1] = select(1, ...) .. ': ' .. answer.err
    end
  end
  try('TIME')
  try('HSET', KEYS[1], 'n', '1')
  try('HINCRBY', KEYS[1], 'n', 1)
  try('HGET', KEYS[1], 'n')
  try('HMGET', KEYS[1], 'n')
  try('HGETALL', KEYS[1])
  try('HKEYS', KEYS[1])
  try('HDEL', KEYS[1], 'n')
  try('XADD', KEYS[2], '1-0', 'n', '1')
  try('XRANGE', KEYS[2], '-', '+')
  try('XTRIM', KEYS[2], 'MINID', '2')
  try('ZADD', KEYS[3], 1, 'n')
  try('ZREM', KEYS[3], 'n')
  try('SET', KEYS[4], '1', 'PX', 1000)
  try('GET', KEYS[4])
  try('PTTL', KEYS[4])
  try('UNLINK', unpack(KEYS))
  return refused
`,
)
