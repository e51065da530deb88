import type { Directive } from './read-conf.ts'

/** One setting of a zone.yaml and where it comes from. */
interface Setting {
  /** As YAML. */
  readonly value: string
  readonly why: string
}

/** Settings of one section, in the order in which they were set. */
export class Section {
  readonly settings = new Map<string, Setting>()

  set(key: string, value: string, from: Directive | string): void {
    const why = typeof from === 'string' ? from : placeOf(from)
    this.settings.set(key, { value, why })
  }

  /** Sets it unless somebody has said it. */
  setDefault(key: string, value: string, why = "mosquitto's default"): void {
    if (!this.settings.has(key)) this.set(key, value, why)
  }

  get isEmpty(): boolean {
    return this.settings.size === 0
  }
}

/** One listener of mosquitto's, on the way to be one of ours. */
export class ListenerPlan {
  readonly from: Directive | undefined
  port: number | undefined
  host: string | undefined
  domain: 'ipv4' | 'ipv6' | undefined
  isWebSocket = false
  hasPsk = false
  requiresCertificate: Directive | undefined
  /** Why there can be no such listener here. */
  impossible: string | undefined
  readonly settings = new Section()
  readonly tcp = new Section()
  readonly tls = new Section()
  readonly auth = new Section()
  readonly acl = new Section()
  /** Differs from the default zone in this. */
  readonly zone = new Section()

  constructor(from?: Directive) {
    this.from = from
  }
}

/** A line that has no counterpart, or another meaning here. */
export interface Remark {
  readonly directive: Directive
  readonly text: string
}

/** What becomes of a mosquitto.conf. */
export class Plan {
  readonly node = new Section()
  readonly store = new Section()
  readonly zone = new Section()
  readonly auth = new Section()
  readonly acl = new Section()
  readonly retainer = new Section()
  readonly sys = new Section()
  readonly log = new Section()
  readonly listeners: ListenerPlan[] = []
  readonly remarks: Remark[] = []
  /** Where listener options go: the default listener until the first `listener`. */
  listener = new ListenerPlan()
  /** Listener options before the first `listener` make mosquitto open its default listener. */
  isDefaultUsed = false
  readonly isPerListener: boolean
  hasPlugin = false
  /** `set_tcp_nodelay`, for listeners to come. */
  isNoDelay: { readonly value: string; readonly directive: Directive } | undefined

  constructor(isPerListener: boolean) {
    this.isPerListener = isPerListener
    this.listeners.push(this.listener)
  }

  get isAtDefault(): boolean {
    return this.listener === this.listeners[0]
  }

  remark(directive: Directive, text: string): void {
    this.remarks.push({ directive, text })
  }
}

/** `mosquitto.conf:12`. */
export function placeOf({ file, line }: Directive): string {
  return `${file}:${line}`
}

/** One line for people: `mosquitto.conf:12 mount_point: no counterpart; …`. */
export function formatRemark({ directive, text }: Remark): string {
  return `${placeOf(directive)} ${directive.key}: ${text}`
}

/** A text as YAML: as it is where that is safe, else in quotes; `${` in it is no variable. */
export function yamlText(text: string): string {
  const isPlain =
    /^[\w/.][\w/.+@-]*$/.test(text) && !/^(?:[\d.+-]+|true|false|null|yes|no|on|off)$/i.test(text)
  return isPlain ? text : JSON.stringify(text.replaceAll('${', () => '$${'))
}
