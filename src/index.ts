export type { ReloadChange } from './admin/ports.ts'
export { createLogger, type Logger, type RootLogger } from './base/logger.ts'
export type { MessageEvents, SessionEvents, Store } from './broker/ports.ts'
export type {
  AuthenticationExchange,
  Authenticator,
  ClientEvents,
  Identity,
  Peer,
} from './channel/ports.ts'
export type { Configuration } from './config/configuration.ts'
export { defaultConfiguration, type Loaded, loadConfiguration } from './config/load.ts'
export { formatProblem, type Problem } from './config/problem.ts'
export type { ConfigurationKeys } from './config/schema.ts'
export { Daemon, type DaemonExtras, type ListenerAddress, startDaemon } from './daemon.ts'
export {
  type CreateBrokerOptions,
  createBroker,
  type EmbeddedBroker,
  type Published,
} from './library/create-broker.ts'
export { ConfigurationError, NotRunningError, RefusedError } from './library/errors.ts'
export type {
  BrokerEventListener,
  BrokerEventMap,
  BrokerEventName,
  ClientInfo,
  DisconnectInfo,
  DroppedInfo,
  MessageInfo,
  SessionInfo,
  SubscribedInfo,
  UnsubscribedInfo,
} from './library/events.ts'
export type { MessageHandler } from './library/handler-subscriber.ts'
export type { PublishRequest, PublishRequestProperties } from './library/publish-request.ts'
export type { ReceivedMessage } from './library/received-message.ts'
export type { SubscribeOptions, Subscription } from './library/subscription.ts'
export { ListenError } from './listeners/listen-error.ts'
export type { ConnectPacket } from './mqtt/packets.ts'
export { ReasonCode } from './mqtt/reason-code.ts'
export { Refusal } from './mqtt/refusal.ts'
export type { Operator } from './running/administered.ts'
export { StoreError } from './store/errors.ts'
