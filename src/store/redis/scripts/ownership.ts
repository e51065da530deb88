import { script, whose } from './script.ts'

/**
 * Makes a broker the owner, unless there is one that lives.
 *
 * KEYS owner, alive. ARGV incarnation, description, ms without a heartbeat after which another one may
 * follow, format, ms since 1970 (nothing: as Redis' own clock has it). Answers `{'held', heartbeat, ms until it lapses, description}`, `{'format', version}`, or
 * `{'taken', epoch, ms of the store's clock}`.
 */
export const acquire = script(
  'allow-oom',
  `
  local owner = redis.call('HMGET', KEYS[1], 'format', 'description', 'time', 'shift')
  if owner[1] and owner[1] ~= ARGV[4] then return {'format', owner[1]} end
  local beat = redis.call('GET', KEYS[2])
  if beat then return {'held', beat, redis.call('PTTL', KEYS[2]), owner[2] or ''} end
  local time = tonumber(ARGV[5])
  if not time then
    local parts = redis.call('TIME')
    time = parts[1] * 1000 + math.floor(parts[2] / 1000)
  end
  local shift = tonumber(owner[4] or 0)
  -- A clock that was set back stands still until it has caught up.
  shift = math.max(shift, tonumber(owner[3] or 0) - time)
  local now = string.format('%.0f', time + shift)
  local epoch = redis.call('HINCRBY', KEYS[1], 'epoch', 1)
  redis.call('HSET', KEYS[1], 'format', ARGV[4], 'incarnation', ARGV[1], 'description', ARGV[2],
    'batch', 0, 'token', '', 'time', now, 'shift', string.format('%.0f', shift))
  redis.call('SET', KEYS[2], ARGV[1] .. ' 0', 'PX', ARGV[3])
  return {'taken', epoch, now}
`,
)

/**
 * Says that the owner lives, and up to where it knows the store's clock to have come.
 *
 * KEYS owner, alive. ARGV incarnation, epoch, heartbeat, ms for which it holds (0: it lives no more), ms
 * of the store's clock. Answers `{'fenced'}`, `{'lost'}`, or `{'ours', last}` with the number of the last
 * batch.
 */
export const beat = script(
  'allow-oom',
  `${whose}
  local answer, last = whose(KEYS[1], ARGV[1], ARGV[2])
  if answer ~= 'ours' then return {answer} end
  if ARGV[4] == '0' then redis.call('UNLINK', KEYS[2])
  else redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4]) end
  if tonumber(ARGV[5]) > tonumber(redis.call('HGET', KEYS[1], 'time')) then
    redis.call('HSET', KEYS[1], 'time', ARGV[5])
  end
  return {answer, last}
`,
)

/**
 * Opens a batch, as the first command of its transaction: if it is the one that is due, the scripts behind
 * it that have the same token write, else they do nothing. It has no flags, so that a Redis that refuses
 * writes refuses the transaction as a whole.
 *
 * KEYS owner. ARGV incarnation, epoch, number, token. Answers `{'fenced'}`, `{'lost'}`, or `{'admitted'}`,
 * `{'done'}` (it was written before), `{'behind', last}` (Redis does not have all of those before it).
 */
export const admit = script(
  '',
  `${whose}
  local answer, last = whose(KEYS[1], ARGV[1], ARGV[2])
  if answer ~= 'ours' then return {answer} end
  local number = tonumber(ARGV[3])
  if last == number - 1 then
    redis.call('HSET', KEYS[1], 'batch', number, 'token', ARGV[4])
    return {'admitted'}
  end
  -- Something is written in any case: WAIT waits for what its own connection has written.
  redis.call('HSET', KEYS[1], 'token', '')
  if last >= number then return {'done'} end
  return {'behind', tostring(last)}
`,
)
