/** When the broker is killed, by the name in the report. */
export const killKinds = {
  publishQos1: 'a QoS 1 PUBLISH was sent, its PUBACK has not come',
  publishQos2: 'a QoS 2 PUBLISH was sent, its PUBREC has not come',
  pubrecAtPublisher: 'the publisher has PUBREC and has not sent PUBREL',
  pubrelAtPublisher: 'the publisher has sent PUBREL, PUBCOMP has not come',
  publishAtSubscriber: 'the subscriber has a QoS 2 PUBLISH and has not sent PUBREC',
  pubrecAtSubscriber: 'the subscriber has sent PUBREC, PUBREL has not come',
  pubrelAtSubscriber: 'the subscriber has PUBREL and has not sent PUBCOMP',
  puback: 'a PUBACK has just come',
  pubcomp: 'a PUBCOMP has just come',
  cleanStart: 'CONNECT with clean start over a session was sent, CONNACK has not come',
  connack: 'the CONNACK of a clean start over a session has just come',
  subscribe: 'SUBSCRIBE or UNSUBSCRIBE was sent and not answered',
  suback: 'a SUBACK or UNSUBACK has just come',
  retained: 'a retained message was set or cleared, which is not acknowledged',
  drain: 'subscribers are back and get what has waited for them',
  load: 'all publishers send as much as they may',
  will: 'a will is about to be due',
  startUp: 'the broker is starting, or its clients are just coming back',
  random: 'at any time',
  rest: 'everything has been acknowledged and delivered',
} as const
export type KillKind = keyof typeof killKinds
