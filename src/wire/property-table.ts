/** The properties of MQTT 5.0, section 2.2.2.2, under the specification's names. */
export const PropertyId = {
  PayloadFormatIndicator: 1,
  MessageExpiryInterval: 2,
  ContentType: 3,
  ResponseTopic: 8,
  CorrelationData: 9,
  SubscriptionIdentifier: 11,
  SessionExpiryInterval: 17,
  AssignedClientIdentifier: 18,
  ServerKeepAlive: 19,
  AuthenticationMethod: 21,
  AuthenticationData: 22,
  RequestProblemInformation: 23,
  WillDelayInterval: 24,
  RequestResponseInformation: 25,
  ResponseInformation: 26,
  ServerReference: 28,
  ReasonString: 31,
  ReceiveMaximum: 33,
  TopicAliasMaximum: 34,
  TopicAlias: 35,
  MaximumQoS: 36,
  RetainAvailable: 37,
  UserProperty: 38,
  MaximumPacketSize: 39,
  WildcardSubscriptionAvailable: 40,
  SubscriptionIdentifierAvailable: 41,
  SharedSubscriptionAvailable: 42,
} as const

/** How a property's value is encoded. */
export const PropertyType = {
  Unknown: 0,
  Byte: 1,
  TwoBytes: 2,
  FourBytes: 3,
  Varint: 4,
  Text: 5,
  Binary: 6,
  TextPair: 7,
} as const

const idMax = 42
const id = PropertyId
const typesOf = new Uint8Array(idMax + 1)
for (const [type, ids] of [
  [
    PropertyType.Byte,
    [
      id.PayloadFormatIndicator,
      id.RequestProblemInformation,
      id.RequestResponseInformation,
      id.MaximumQoS,
      id.RetainAvailable,
      id.WildcardSubscriptionAvailable,
      id.SubscriptionIdentifierAvailable,
      id.SharedSubscriptionAvailable,
    ],
  ],
  [
    PropertyType.TwoBytes,
    [id.ServerKeepAlive, id.ReceiveMaximum, id.TopicAliasMaximum, id.TopicAlias],
  ],
  [
    PropertyType.FourBytes,
    [
      id.MessageExpiryInterval,
      id.SessionExpiryInterval,
      id.WillDelayInterval,
      id.MaximumPacketSize,
    ],
  ],
  [PropertyType.Varint, [id.SubscriptionIdentifier]],
  [
    PropertyType.Text,
    [
      id.ContentType,
      id.ResponseTopic,
      id.AssignedClientIdentifier,
      id.AuthenticationMethod,
      id.ResponseInformation,
      id.ServerReference,
      id.ReasonString,
    ],
  ],
  [PropertyType.Binary, [id.CorrelationData, id.AuthenticationData]],
  [PropertyType.TextPair, [id.UserProperty]],
] as const) {
  for (const property of ids) typesOf[property] = type
}

/** The type of a property, `PropertyType.Unknown` for an identifier that nobody defined. */
export function propertyType(property: number): number {
  return property <= idMax ? (typesOf[property] as number) : PropertyType.Unknown
}

/** Which properties a client may send in one kind of packet. */
export class PropertySet {
  readonly what: string
  readonly #allowed = new Uint8Array(idMax + 1)

  constructor(what: string, properties: readonly number[]) {
    this.what = what
    for (const property of properties) this.#allowed[property] = 1
  }

  has(property: number): boolean {
    return this.#allowed[property] === 1
  }
}

const ofMessage = [
  id.PayloadFormatIndicator,
  id.MessageExpiryInterval,
  id.ContentType,
  id.ResponseTopic,
  id.CorrelationData,
  id.UserProperty,
]

/** What a client may send where, section 2.2.2.2. [MQTT-2.2.2-1] */
export const allowedProperties = {
  connect: new PropertySet('CONNECT', [
    id.SessionExpiryInterval,
    id.AuthenticationMethod,
    id.AuthenticationData,
    id.RequestProblemInformation,
    id.RequestResponseInformation,
    id.ReceiveMaximum,
    id.TopicAliasMaximum,
    id.UserProperty,
    id.MaximumPacketSize,
  ]),
  will: new PropertySet('a will', [...ofMessage, id.WillDelayInterval]),
  publish: new PropertySet('PUBLISH', [...ofMessage, id.TopicAlias]),
  ack: new PropertySet('an acknowledgement', [id.ReasonString, id.UserProperty]),
  subscribe: new PropertySet('SUBSCRIBE', [id.SubscriptionIdentifier, id.UserProperty]),
  unsubscribe: new PropertySet('UNSUBSCRIBE', [id.UserProperty]),
  disconnect: new PropertySet('DISCONNECT', [
    id.SessionExpiryInterval,
    id.ReasonString,
    id.UserProperty,
  ]),
  auth: new PropertySet('AUTH', [
    id.AuthenticationMethod,
    id.AuthenticationData,
    id.ReasonString,
    id.UserProperty,
  ]),
}
