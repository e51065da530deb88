/**
 * The normative statements of MQTT 5.0 (appendix B), one a line: `id | who | what`, in our own
 * words. Who must keep it: `server`, `client`, `both`, or `note` where nothing can be tested.
 */
export const statements5 = `
1.5.4-1 | both | Strings are well-formed UTF-8, without surrogates (U+D800 to U+DFFF).
1.5.4-2 | both | Strings do not contain U+0000.
1.5.4-3 | both | The bytes EF BB BF in a string are the character U+FEFF and are kept.
1.5.5-1 | both | A variable byte integer uses as few bytes as its value allows.
1.5.7-1 | both | Both strings of a string pair follow the rules for strings.
2.1.3-1 | both | Reserved flag bits of the fixed header have the listed values.
2.2.1-2 | both | A QoS 0 PUBLISH has no packet identifier.
2.2.1-3 | client | Each new SUBSCRIBE, UNSUBSCRIBE and QoS 1 or 2 PUBLISH of a client takes an unused identifier other than 0.
2.2.1-4 | server | Each new QoS 1 or 2 PUBLISH of the server takes an unused identifier other than 0.
2.2.1-5 | both | PUBACK, PUBREC, PUBREL and PUBCOMP carry the identifier of their PUBLISH.
2.2.1-6 | server | SUBACK and UNSUBACK carry the identifier of what they answer.
2.2.2-1 | both | A packet without properties says so with a property length of 0.
3.1.0-1 | client | The first packet of a client is CONNECT.
3.1.0-2 | server | A second CONNECT is a protocol error and ends the connection.
3.1.2-1 | server | A protocol name other than MQTT ends the connection, after a CONNACK 0x84 at most.
3.1.2-2 | server | A protocol version that is not served ends the connection, after a CONNACK 0x84 at most.
3.1.2-3 | server | A CONNECT whose reserved flag is 1 is malformed.
3.1.2-4 | server | Clean Start 1 discards the session there was and begins a new one.
3.1.2-5 | server | Clean Start 0 goes on with the session there is.
3.1.2-6 | server | Clean Start 0 without a session begins a new one.
3.1.2-7 | server | The will message is stored with the session.
3.1.2-8 | server | The will is published after the connection closes, once its delay has passed or the session ends, unless deleted by DISCONNECT 0x00 or by a client that is back in time.
3.1.2-9 | both | With the will flag, will properties, topic and payload are in the payload, and will QoS and retain apply.
3.1.2-10 | server | A will that was published, or ended by DISCONNECT 0x00, is removed from the session.
3.1.2-11 | both | Without the will flag the will QoS is 0.
3.1.2-12 | both | The will QoS is 0, 1 or 2.
3.1.2-13 | both | Without the will flag will retain is 0.
3.1.2-14 | server | A will without will retain is published as a message that is not retained.
3.1.2-15 | server | A will with will retain is published as a retained message.
3.1.2-16 | both | Without the user name flag there is no user name.
3.1.2-17 | both | With the user name flag there is a user name.
3.1.2-18 | both | Without the password flag there is no password.
3.1.2-19 | both | With the password flag there is a password.
3.1.2-20 | client | A client that has nothing else to send within the keep alive sends PINGREQ.
3.1.2-21 | client | A client takes over the Server Keep Alive of CONNACK.
3.1.2-22 | server | A client that sends nothing for one and a half times its keep alive is disconnected.
3.1.2-23 | both | Session state is kept after the connection when the session expiry interval is above 0.
3.1.2-24 | server | No packet larger than the client's Maximum Packet Size is sent.
3.1.2-25 | server | A PUBLISH too large for a client is dropped as if it had been sent and acknowledged.
3.1.2-26 | server | No topic alias above the client's Topic Alias Maximum is sent.
3.1.2-27 | server | To a client without a Topic Alias Maximum no topic alias is sent.
3.1.2-28 | server | Response Information is not sent to a client that did not request it.
3.1.2-29 | server | Without Request Problem Information, reason strings and user properties are sent on PUBLISH, CONNACK and DISCONNECT only.
3.1.2-30 | client | A client with an authentication method sends only AUTH or DISCONNECT before CONNACK.
3.1.3-1 | both | The payload's fields stand in order: client id, will properties, topic, payload, user name, password.
3.1.3-2 | both | The client id identifies the session state.
3.1.3-3 | both | The client id is there, and first.
3.1.3-4 | both | The client id is a UTF-8 string.
3.1.3-5 | server | Client ids of 1 to 23 letters and digits are accepted.
3.1.3-6 | server | A client with an empty id is given a unique one.
3.1.3-7 | server | An assigned client id is told in CONNACK.
3.1.3-8 | server | A refused client id ends the connection, after a CONNACK 0x85 at most.
3.1.3-9 | server | The will is not sent when the client is back before the will delay has passed.
3.1.3-10 | server | The user properties of a will keep their order.
3.1.3-11 | both | The will topic is a UTF-8 string.
3.1.3-12 | both | The user name is a UTF-8 string.
3.1.4-1 | server | A CONNECT that is not as section 3.1 says ends the connection.
3.1.4-2 | server | A CONNECT that fails a further check, such as authentication, ends the connection.
3.1.4-3 | server | A second connection with the same client id ends the first one with DISCONNECT 0x8E.
3.1.4-4 | server | Clean Start is processed.
3.1.4-5 | server | An accepted CONNECT is answered with CONNACK 0x00.
3.1.4-6 | server | After a refused CONNECT nothing that the client sent behind it, but AUTH, is processed.
3.2.0-1 | server | CONNACK comes before any other packet but AUTH.
3.2.0-2 | server | A connection gets one CONNACK.
3.2.2-1 | server | The reserved bits of the CONNACK flags are 0.
3.2.2-2 | server | After Clean Start 1 Session Present is 0.
3.2.2-3 | server | After Clean Start 0 Session Present says whether there was a session.
3.2.2-4 | client | A client without state that sees Session Present 1 closes the connection.
3.2.2-5 | client | A client with state that sees Session Present 0 discards its state.
3.2.2-6 | server | In a CONNACK that refuses, Session Present is 0.
3.2.2-7 | server | After a CONNACK of 0x80 or above the connection is closed.
3.2.2-8 | server | CONNACK uses a reason code of its table.
3.2.2-9 | server | A server without QoS 2 or 1 says so with Maximum QoS.
3.2.2-10 | server | A server without QoS 2 or 1 still accepts SUBSCRIBE with any QoS.
3.2.2-11 | client | A client does not publish above the Maximum QoS.
3.2.2-12 | server | A will above the Maximum QoS refuses the CONNECT.
3.2.2-13 | server | A retained will refuses the CONNECT where retaining is not available.
3.2.2-14 | client | A client does not retain where it is not available.
3.2.2-15 | client | A client sends no packet above the server's Maximum Packet Size.
3.2.2-16 | server | An empty client id is answered with an Assigned Client Identifier that no other session uses.
3.2.2-17 | client | A client sends no topic alias above the server's maximum.
3.2.2-18 | client | Without a Topic Alias Maximum a client sends no topic alias.
3.2.2-19 | server | A reason string does not push CONNACK beyond the client's Maximum Packet Size.
3.2.2-20 | server | User properties do not push CONNACK beyond the client's Maximum Packet Size.
3.2.2-21 | client | A client uses the Server Keep Alive instead of its own.
3.2.2-22 | server | Without Server Keep Alive the server uses the client's keep alive.
3.3.1-1 | both | A PUBLISH that is sent again has DUP 1.
3.3.1-2 | both | A QoS 0 PUBLISH has DUP 0.
3.3.1-3 | server | DUP towards a subscriber says whether that PUBLISH is sent again, whatever came in.
3.3.1-4 | both | No PUBLISH has QoS 3.
3.3.1-5 | server | A PUBLISH with retain 1 replaces the retained message of its topic.
3.3.1-6 | server | A retained PUBLISH with an empty payload removes the retained message.
3.3.1-7 | server | An empty payload is not stored as a retained message.
3.3.1-8 | server | A PUBLISH with retain 0 leaves the retained message as it is.
3.3.1-9 | server | Retain handling 0: the retained messages that match are sent.
3.3.1-10 | server | Retain handling 1: they are sent when the subscription is new, and not else.
3.3.1-11 | server | Retain handling 2: they are not sent.
3.3.1-12 | server | Without retain as published a forwarded message has retain 0.
3.3.1-13 | server | With retain as published a forwarded message has the retain flag it came with.
3.3.2-1 | both | The topic name is first in the variable header, and a UTF-8 string.
3.3.2-2 | both | A topic name has no wildcards.
3.3.2-3 | server | A PUBLISH to a subscriber has a topic name that matches the subscription's filter.
3.3.2-4 | server | The payload format indicator is forwarded unaltered.
3.3.2-5 | server | A copy whose message expiry has passed, and whose delivery has not begun, is deleted.
3.3.2-6 | server | The message expiry sent is what is left of it.
3.3.2-7 | both | Topic aliases are not carried over to another connection.
3.3.2-8 | both | A topic alias is not 0.
3.3.2-9 | client | A client sends no alias above the server's Topic Alias Maximum.
3.3.2-10 | client | A client accepts every alias up to its own maximum.
3.3.2-11 | server | The server sends no alias above the client's Topic Alias Maximum.
3.3.2-12 | server | The server accepts every alias up to its own maximum.
3.3.2-13 | both | The response topic is a UTF-8 string.
3.3.2-14 | both | The response topic has no wildcards.
3.3.2-15 | server | The response topic is forwarded unaltered.
3.3.2-16 | server | Correlation data is forwarded unaltered.
3.3.2-17 | server | User properties of a PUBLISH are forwarded unaltered.
3.3.2-18 | server | User properties of a PUBLISH keep their order.
3.3.2-19 | both | The content type is a UTF-8 string.
3.3.2-20 | server | The content type is forwarded unaltered.
3.3.4-1 | both | A PUBLISH is answered as its QoS asks.
3.3.4-2 | server | Overlapping subscriptions deliver respecting the highest QoS among them.
3.3.4-3 | server | A subscription's identifier is sent with its messages.
3.3.4-4 | server | A single copy for several subscriptions carries all their identifiers.
3.3.4-5 | server | Of several copies each carries the identifier of its own subscription.
3.3.4-6 | client | A PUBLISH to the server has no subscription identifier.
3.3.4-7 | client | A client sends no more unacknowledged QoS 1 and 2 PUBLISH than the server's Receive Maximum.
3.3.4-8 | client | A client delays no other packet because of the Receive Maximum.
3.3.4-9 | server | The server sends no more unacknowledged QoS 1 and 2 PUBLISH than the client's Receive Maximum.
3.3.4-10 | server | The server delays no other packet because of the Receive Maximum.
3.4.2-1 | both | PUBACK uses a reason code of its table.
3.4.2-2 | both | A reason string does not push PUBACK beyond the Maximum Packet Size.
3.4.2-3 | both | User properties do not push PUBACK beyond the Maximum Packet Size.
3.5.2-1 | both | PUBREC uses a reason code of its table.
3.5.2-2 | both | A reason string does not push PUBREC beyond the Maximum Packet Size.
3.5.2-3 | both | User properties do not push PUBREC beyond the Maximum Packet Size.
3.6.1-1 | server | The flags of PUBREL are 0010; others are malformed and end the connection.
3.6.2-1 | both | PUBREL uses a reason code of its table.
3.6.2-2 | both | A reason string does not push PUBREL beyond the Maximum Packet Size.
3.6.2-3 | both | User properties do not push PUBREL beyond the Maximum Packet Size.
3.7.2-1 | both | PUBCOMP uses a reason code of its table.
3.7.2-2 | both | A reason string does not push PUBCOMP beyond the Maximum Packet Size.
3.7.2-3 | both | User properties do not push PUBCOMP beyond the Maximum Packet Size.
3.8.1-1 | server | The flags of SUBSCRIBE are 0010; others are malformed and end the connection.
3.8.3-1 | both | The filters of SUBSCRIBE are UTF-8 strings.
3.8.3-2 | both | SUBSCRIBE has at least one filter with options.
3.8.3-3 | server | With no local a client does not get what it published itself.
3.8.3-4 | both | No local on a shared subscription is a protocol error.
3.8.3-5 | server | Reserved bits in the subscription options make SUBSCRIBE malformed.
3.8.4-1 | server | SUBSCRIBE is answered with SUBACK.
3.8.4-2 | server | SUBACK has the identifier of its SUBSCRIBE.
3.8.4-3 | server | A non-shared SUBSCRIBE with a filter that is there replaces that subscription.
3.8.4-4 | server | With retain handling 0 a replaced subscription gets the retained messages again, and no message is lost.
3.8.4-5 | server | Several filters in a SUBSCRIBE are handled as several SUBSCRIBE with one SUBACK.
3.8.4-6 | server | SUBACK has a reason code for each filter.
3.8.4-7 | server | The reason code is the granted maximum QoS, or says that the subscription failed.
3.8.4-8 | server | A message is delivered with the lower of its QoS and the granted one.
3.9.2-1 | server | A reason string does not push SUBACK beyond the client's Maximum Packet Size.
3.9.2-2 | server | User properties do not push SUBACK beyond the client's Maximum Packet Size.
3.9.3-1 | server | The reason codes of SUBACK are in the order of the filters.
3.9.3-2 | server | SUBACK uses reason codes of its table.
3.10.1-1 | server | The flags of UNSUBSCRIBE are 0010; others are malformed and end the connection.
3.10.3-1 | both | The filters of UNSUBSCRIBE are UTF-8 strings.
3.10.3-2 | both | UNSUBSCRIBE has at least one filter.
3.10.4-1 | server | Filters of UNSUBSCRIBE are compared character by character; an equal one ends its subscription.
3.10.4-2 | server | After UNSUBSCRIBE no new message is added for the client.
3.10.4-3 | server | After UNSUBSCRIBE QoS 1 and 2 deliveries that have begun are completed.
3.10.4-4 | server | UNSUBSCRIBE is answered with UNSUBACK.
3.10.4-5 | server | UNSUBACK has the identifier of its UNSUBSCRIBE, and comes even if nothing was deleted.
3.10.4-6 | server | Several filters in an UNSUBSCRIBE are handled as several UNSUBSCRIBE with one UNSUBACK.
3.11.2-1 | server | A reason string does not push UNSUBACK beyond the client's Maximum Packet Size.
3.11.2-2 | server | User properties do not push UNSUBACK beyond the client's Maximum Packet Size.
3.11.3-1 | server | The reason codes of UNSUBACK are in the order of the filters.
3.11.3-2 | server | UNSUBACK uses reason codes of its table.
3.12.4-1 | server | PINGREQ is answered with PINGRESP.
3.14.0-1 | server | The server sends no DISCONNECT before a CONNACK below 0x80.
3.14.1-1 | both | Reserved flags of DISCONNECT other than 0 are malformed.
3.14.2-1 | both | DISCONNECT uses a reason code of its table.
3.14.2-2 | server | The server sends no session expiry interval in DISCONNECT.
3.14.2-3 | both | A reason string does not push DISCONNECT beyond the Maximum Packet Size.
3.14.2-4 | both | User properties do not push DISCONNECT beyond the Maximum Packet Size.
3.14.4-1 | both | After DISCONNECT its sender sends nothing more.
3.14.4-2 | both | After DISCONNECT its sender closes the connection.
3.14.4-3 | server | DISCONNECT 0x00 discards the will without publishing it.
3.15.1-1 | both | Reserved flags of AUTH other than 0 are malformed and end the connection.
3.15.2-1 | both | AUTH uses a reason code of its table.
3.15.2-2 | both | A reason string does not push AUTH beyond the Maximum Packet Size.
3.15.2-3 | both | User properties do not push AUTH beyond the Maximum Packet Size.
4.1.0-1 | both | Session state is not discarded while the connection is open.
4.1.0-2 | server | Session state is discarded when the connection is closed and the expiry interval has passed.
4.2.0-1 | both | The transport is an ordered, lossless stream of bytes.
4.3.1-1 | both | A QoS 0 message is sent as PUBLISH with QoS 0 and DUP 0.
4.3.2-1 | both | A new QoS 1 message takes an unused identifier.
4.3.2-2 | both | A new QoS 1 message is sent with that identifier and DUP 0.
4.3.2-3 | both | A QoS 1 PUBLISH is unacknowledged until its PUBACK.
4.3.2-4 | both | PUBACK carries the identifier and is sent when the message is accepted.
4.3.2-5 | both | After PUBACK a PUBLISH with the same identifier is a new message, whatever its DUP.
4.3.3-1 | both | A new QoS 2 message takes an unused identifier.
4.3.3-2 | both | A new QoS 2 message is sent with that identifier and DUP 0.
4.3.3-3 | both | A QoS 2 PUBLISH is unacknowledged until its PUBREC.
4.3.3-4 | both | A PUBREC below 0x80 is answered with PUBREL of the same identifier.
4.3.3-5 | both | A PUBREL is unacknowledged until its PUBCOMP.
4.3.3-6 | both | After PUBREL the PUBLISH is not sent again.
4.3.3-7 | both | A message does not expire once its PUBLISH was sent.
4.3.3-8 | both | PUBREC carries the identifier and is sent when the message is accepted.
4.3.3-9 | both | After a PUBREC of 0x80 or above a PUBLISH with the same identifier is a new message.
4.3.3-10 | both | Until PUBREL a PUBLISH with the same identifier is answered with PUBREC and not forwarded again.
4.3.3-11 | both | PUBREL is answered with PUBCOMP of the same identifier.
4.3.3-12 | both | After PUBCOMP a PUBLISH with the same identifier is a new message.
4.3.3-13 | both | The QoS 2 exchange goes on even if the message has expired.
4.4.0-1 | both | Unacknowledged PUBLISH and PUBREL are sent again, with their identifiers, on reconnecting to a session, and at no other time.
4.4.0-2 | both | An acknowledgement of 0x80 or above ends the delivery, and nothing is sent again.
4.5.0-1 | server | A message that the server owns is added to the session of every client with a matching subscription.
4.5.0-2 | client | A client acknowledges a PUBLISH whether or not it processes it.
4.6.0-1 | client | PUBLISH packets are sent again in the order in which they were first sent.
4.6.0-2 | client | PUBACK packets are sent in the order of their PUBLISH packets.
4.6.0-3 | client | PUBREC packets are sent in the order of their PUBLISH packets.
4.6.0-4 | client | PUBREL packets are sent in the order of their PUBREC packets.
4.6.0-5 | server | Messages of an ordered topic go out, per topic and QoS, in the order in which they came from each client.
4.6.0-6 | server | By default every topic is ordered for subscriptions that are not shared.
4.7.0-1 | both | Wildcards stand in filters only, never in topic names.
4.7.1-1 | both | The multi-level wildcard stands alone or behind a separator, and last.
4.7.1-2 | both | The single-level wildcard takes a whole level.
4.7.2-1 | server | A filter that begins with a wildcard does not match a topic name that begins with $.
4.7.3-1 | both | Topic names and filters have at least one character.
4.7.3-2 | both | Topic names and filters have no U+0000.
4.7.3-3 | both | Topic names and filters are UTF-8 strings of 65,535 bytes at most.
4.7.3-4 | server | Matching does not normalise or change topic names or filters.
4.8.2-1 | both | A shared subscription is $share/, a share name of at least one character, and a filter.
4.8.2-2 | both | The share name has no /, + or #, and is followed by / and a filter.
4.8.2-3 | server | A message to a member of a share respects that member's granted QoS.
4.8.2-4 | server | A QoS 2 delivery to a member is completed with that member, also when it reconnects.
4.8.2-5 | server | A QoS 2 delivery whose member's session ends is not sent to another member.
4.8.2-6 | server | A message that a member refused with 0x80 or above is discarded and not sent to another member.
4.9.0-1 | both | The send quota of a connection begins at the other side's Receive Maximum, never above it.
4.9.0-2 | both | With a quota of 0 no QoS 1 or 2 PUBLISH is sent.
4.9.0-3 | both | With a quota of 0 all other packets are processed and answered.
4.12.0-1 | server | An authentication method that is not served ends the connection, after a CONNACK 0x8C or 0x87 at most.
4.12.0-2 | server | AUTH from the server has 0x18 while it asks for more.
4.12.0-3 | client | AUTH from the client in answer has 0x18.
4.12.0-4 | server | A failed authentication ends the connection, after a CONNACK of 0x80 or above at most.
4.12.0-5 | both | Every AUTH, and a CONNACK of success, carry the authentication method of CONNECT.
4.12.0-6 | server | Without an authentication method in CONNECT the server sends no AUTH and no method.
4.12.0-7 | client | Without an authentication method in CONNECT a client sends no AUTH.
4.12.1-1 | client | Re-authentication uses the authentication method of CONNECT.
4.12.1-2 | both | A failed re-authentication ends the connection.
4.13.1-1 | server | A malformed packet or a protocol error ends the connection.
4.13.2-1 | both | A CONNACK or DISCONNECT of 0x80 or above ends the connection.
6.0.0-1 | both | Over WebSocket packets travel in binary frames; any other data frame ends the connection.
6.0.0-2 | both | Packets and WebSocket frames need not end together.
6.0.0-3 | client | A WebSocket client offers the subprotocol mqtt.
6.0.0-4 | server | The WebSocket subprotocol that the server selects is mqtt.
`
