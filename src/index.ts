export { Daemon, type DaemonExtras, type ListenerAddress, startDaemon } from './daemon.ts'
export { ListenError } from './listeners/listen-error.ts'
