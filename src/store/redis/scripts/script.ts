import { createHash } from 'node:crypto'

/** A Lua script, and the name by which Redis knows it again. */
export interface Script {
  readonly text: string
  readonly sha: string
}

/** What a script begins with; a script without `allow-oom` is refused as a whole where memory is full. */
type Flags = '' | 'allow-oom' | 'no-writes'

/** A script with its flags: Redis looks at them before it starts any command of a transaction. */
export function script(flags: Flags, lua: string): Script {
  const text = flags === '' ? `#!lua\n${lua}` : `#!lua flags=${flags}\n${lua}`
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/**
 * Whose the store is, asked by who was its owner: `ours`; `fenced`, another broker took it over; `lost`,
 * Redis has forgotten us and what we wrote. Beside it the number of the last batch.
 */
export const whose = `
  local function whose(owner, incarnation, epoch)
    local found = redis.call('HMGET', owner, 'incarnation', 'epoch', 'batch')
    if found[1] == incarnation then return 'ours', tonumber(found[3]) end
    if tonumber(found[2] or 0) >= tonumber(epoch) then return 'fenced' end
    return 'lost'
  end
`

/** Runs commands that an `OpsWriter` wrote, on the keys that it names by their places. */
export const runOps = `
  local function run(packed)
    local ops = cmsgpack.unpack(packed)
    for i = 1, #ops, 3 do
      redis.call(ops[i], KEYS[ops[i + 1]], unpack(ops[i + 2]))
    end
  end
`
