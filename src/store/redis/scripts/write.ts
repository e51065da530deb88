import { runOps, script } from './script.ts'

/*
 * The scripts behind `admit` in a transaction. They are let through where memory is full, since `admit`
 * was not refused: a batch is written as a whole. In Redis Cluster a transaction cannot span slots: there
 * the owner's token is no key of theirs, each session would keep the number of its last batch beside its
 * epoch, and the index be written before a session begins and after it has ended.
 */

/**
 * Writes what has become of one session in one batch. Of one that has not begun, or has ended, nothing is
 * written; one that an owner with a higher epoch took in refuses.
 *
 * KEYS owner, session, lanes… ARGV token, epoch, ops, and where they are not 0: the next sequence at least;
 * 1 where it begins, 2 where it ends. Answers `ok` or `fenced`.
 */
export const writeSession = script(
  'allow-oom',
  `${runOps}
  if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'ok' end
  local known = redis.call('HMGET', KEYS[2], 'e', 'q')
  if known[1] and tonumber(known[1]) > tonumber(ARGV[2]) then return 'fenced' end
  local fate = tonumber(ARGV[5] or 0)
  if fate == 1 then redis.call('HSET', KEYS[2], 'e', ARGV[2])
  elseif not known[1] then return 'ok' end
  run(ARGV[3])
  local sequence = tonumber(ARGV[4] or 0)
  if sequence > tonumber(known[2] or 0) then redis.call('HSET', KEYS[2], 'q', ARGV[4]) end
  if fate == 2 then
    -- Its lanes are in its own slot, which is why their keys may be made here.
    for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
      if string.sub(field, 1, 1) == 'l' then
        redis.call('UNLINK', KEYS[2] .. ':' .. string.sub(field, 2))
      end
    end
    redis.call('UNLINK', KEYS[2])
  end
  return 'ok'
`,
)

/**
 * Writes what a batch says of no single session: which there are, and what is retained.
 *
 * KEYS owner, sessions, retained. ARGV token, ops. Answers `ok`.
 */
export const writeShared = script(
  'allow-oom',
  `${runOps}
  if redis.call('HGET', KEYS[1], 'token') == ARGV[1] then run(ARGV[2]) end
  return 'ok'
`,
)
