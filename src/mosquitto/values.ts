import type { Plan } from './plan.ts'
import type { Directive } from './read-conf.ts'

/** What a directive does to the plan. */
export type Apply = (plan: Plan, directive: Directive) => void

/** A flag, as mosquitto reads it; undefined, and a remark, where it is none. */
export function flagOf(plan: Plan, directive: Directive): boolean | undefined {
  if (/^(?:true|1)$/i.test(directive.value)) return true
  if (/^(?:false|0)$/i.test(directive.value)) return false
  plan.remark(directive, `${directive.value || 'nothing'} is no flag; left at its default`)
  return undefined
}

/** A whole number; undefined, and a remark, where it is none. */
export function numberOf(plan: Plan, directive: Directive): number | undefined {
  if (/^-?\d{1,15}$/.test(directive.value)) return Number(directive.value)
  plan.remark(directive, `${directive.value || 'nothing'} is no number; left at its default`)
  return undefined
}

/** Does something with a number, cut to the bounds of ours, which are told. */
export function withNumber(
  min: number,
  max: number,
  apply: (plan: Plan, value: number, directive: Directive) => void,
): Apply {
  return (plan, directive) => {
    const value = numberOf(plan, directive)
    if (value === undefined) return
    const bounded = Math.min(Math.max(value, min), max)
    if (bounded !== value) plan.remark(directive, `${value} is not possible; it is ${bounded} now`)
    apply(plan, bounded, directive)
  }
}

/** A line that says something that there is nothing for. */
export function nothing(because: string): Apply {
  return (plan, directive) => plan.remark(directive, `no counterpart; ${because}`)
}

/** A line whose meaning holds without a setting; it is named all the same. */
export function always(because: string): Apply {
  return (plan, directive) => plan.remark(directive, `no setting of its own; ${because}`)
}
