import { type AclRule, type CompiledRule, compileRule, type RuleSource, type Who } from './rule.ts'

/** Rules that stand one below the other, as in `acl.rules`. */
export class RuleList implements RuleSource {
  readonly #rules: readonly AclRule[]

  constructor(rules: readonly AclRule[]) {
    this.#rules = rules
  }

  rulesFor(who: Who): CompiledRule[] {
    const compiled: CompiledRule[] = []
    for (const rule of this.#rules) {
      const own = compileRule(rule, who)
      if (own !== undefined) compiled.push(own)
    }
    return compiled
  }
}
