/**
 * The normative statements of MQTT 3.1.1 (appendix B), one a line: `id | who | what`, in our own
 * words. A fourth column names the statement of 5.0 that asks the same in a place where the
 * version makes no difference, so that its tests serve both; where 3.1.1 differs to be seen (how
 * a connection ends, clean session, what a subscription sends again), there is none.
 */
export const statements3 = `
1.5.3-1 | both | Strings are well-formed UTF-8; others end the connection.
1.5.3-2 | both | Strings do not contain U+0000; others end the connection.
1.5.3-3 | both | The bytes EF BB BF in a string are the character U+FEFF and are kept. | 1.5.4-3
2.2.2-1 | both | Reserved flag bits of the fixed header have the listed values. | 2.1.3-1
2.2.2-2 | both | Wrong flag bits end the connection.
2.3.1-1 | both | SUBSCRIBE, UNSUBSCRIBE and QoS 1 or 2 PUBLISH have an identifier other than 0.
2.3.1-2 | client | A client gives each of these an identifier that is not in use.
2.3.1-3 | client | A client sends again with the same identifier, which is in use until the last acknowledgement.
2.3.1-4 | server | The same holds for the server's QoS 1 and 2 PUBLISH. | 2.2.1-4
2.3.1-5 | both | A QoS 0 PUBLISH has no packet identifier. | 2.2.1-2
2.3.1-6 | both | PUBACK, PUBREC and PUBREL carry the identifier of their PUBLISH. | 2.2.1-5
2.3.1-7 | server | SUBACK and UNSUBACK carry the identifier of what they answer. | 2.2.1-6
3.1.0-1 | client | The first packet of a client is CONNECT.
3.1.0-2 | server | A second CONNECT is a protocol violation and ends the connection. | 3.1.0-2
3.1.2-1 | server | A CONNECT with another protocol name is not processed as MQTT.
3.1.2-2 | server | A protocol level that is not served is answered with CONNACK 0x01, and the connection ends.
3.1.2-3 | server | A CONNECT whose reserved flag is 1 ends the connection. | 3.1.2-3
3.1.2-4 | both | Clean session 0 goes on with the session there is, or begins one that outlives the connection.
3.1.2-5 | server | After a clean session 0 connection, QoS 1 and 2 messages for its subscriptions are stored.
3.1.2-6 | both | Clean session 1 discards the session there was; the new one ends with the connection.
3.1.2-7 | server | Retained messages are not part of a session and outlive it.
3.1.2-8 | server | The will is stored, and published when the connection ends without DISCONNECT.
3.1.2-9 | both | With the will flag, will topic and message are in the payload, and will QoS and retain apply. | 3.1.2-9
3.1.2-10 | server | A will that was published, or ended by DISCONNECT, is removed. | 3.1.2-10
3.1.2-11 | both | Without the will flag, will QoS and retain are 0, and there is no will topic or message. | 3.1.2-11
3.1.2-12 | server | Without the will flag no will is published.
3.1.2-13 | both | Without the will flag the will QoS is 0. | 3.1.2-11
3.1.2-14 | both | The will QoS is 0, 1 or 2. | 3.1.2-12
3.1.2-15 | both | Without the will flag will retain is 0. | 3.1.2-13
3.1.2-16 | server | A will without will retain is published as a message that is not retained. | 3.1.2-14
3.1.2-17 | server | A will with will retain is published as a retained message. | 3.1.2-15
3.1.2-18 | both | Without the user name flag there is no user name. | 3.1.2-16
3.1.2-19 | both | With the user name flag there is a user name. | 3.1.2-17
3.1.2-20 | both | Without the password flag there is no password. | 3.1.2-18
3.1.2-21 | both | With the password flag there is a password. | 3.1.2-19
3.1.2-22 | both | Without the user name flag the password flag is 0.
3.1.2-23 | client | A client that has nothing else to send within the keep alive sends PINGREQ.
3.1.2-24 | server | A client that sends nothing for one and a half times its keep alive is disconnected. | 3.1.2-22
3.1.3-1 | both | The payload's fields stand in order: client id, will topic, will message, user name, password. | 3.1.3-1
3.1.3-2 | both | The client id identifies the session state. | 3.1.3-2
3.1.3-3 | both | The client id is there, and first. | 3.1.3-3
3.1.3-4 | both | The client id is a UTF-8 string. | 3.1.3-4
3.1.3-5 | server | Client ids of 1 to 23 letters and digits are accepted. | 3.1.3-5
3.1.3-6 | server | A client with an empty id, if it is accepted, is given a unique one.
3.1.3-7 | client | A client with an empty id asks for clean session 1.
3.1.3-8 | server | An empty id with clean session 0 is answered with CONNACK 0x02, and the connection ends.
3.1.3-9 | server | A refused client id is answered with CONNACK 0x02, and the connection ends.
3.1.3-10 | both | The will topic is a UTF-8 string. | 3.1.3-11
3.1.3-11 | both | The user name is a UTF-8 string. | 3.1.3-12
3.1.4-1 | server | A CONNECT that is not as section 3.1 says ends the connection, without CONNACK.
3.1.4-2 | server | A second connection with the same client id ends the first one.
3.1.4-3 | server | Clean session is processed. | 3.1.4-4
3.1.4-4 | server | An accepted CONNECT is answered with CONNACK 0. | 3.1.4-5
3.1.4-5 | server | After a refused CONNECT nothing that the client sent behind it is processed. | 3.1.4-6
3.2.0-1 | server | The first packet to the client is CONNACK. | 3.2.0-1
3.2.2-1 | server | After clean session 1 Session Present is 0. | 3.2.2-2
3.2.2-2 | server | After clean session 0 with a stored session Session Present is 1. | 3.2.2-3
3.2.2-3 | server | After clean session 0 without a stored session Session Present is 0. | 3.2.2-3
3.2.2-4 | server | In a CONNACK that refuses, Session Present is 0. | 3.2.2-6
3.2.2-5 | server | After a CONNACK that refuses the connection is closed. | 3.2.2-7
3.2.2-6 | server | Where no return code fits, the connection is closed without CONNACK.
3.3.1-1 | both | A PUBLISH that is sent again has DUP 1. | 3.3.1-1
3.3.1-2 | both | A QoS 0 PUBLISH has DUP 0. | 3.3.1-2
3.3.1-3 | server | DUP towards a subscriber says whether that PUBLISH is sent again, whatever came in. | 3.3.1-3
3.3.1-4 | both | No PUBLISH has QoS 3; one that has ends the connection. | 3.3.1-4
3.3.1-5 | server | A PUBLISH with retain 1 is stored with its QoS, for future subscribers. | 3.3.1-5
3.3.1-6 | server | A new subscription is sent the last retained message of each topic that matches.
3.3.1-7 | server | A retained QoS 0 message discards the retained message there was. | 3.3.1-5
3.3.1-8 | server | A message sent because of a new subscription has retain 1.
3.3.1-9 | server | A message sent because of an established subscription has retain 0. | 3.3.1-12
3.3.1-10 | server | A retained PUBLISH with an empty payload is forwarded, and removes the retained message. | 3.3.1-6
3.3.1-11 | server | An empty payload is not stored as a retained message. | 3.3.1-7
3.3.1-12 | server | A PUBLISH with retain 0 leaves the retained message as it is. | 3.3.1-8
3.3.2-1 | both | The topic name is first in the variable header, and a UTF-8 string. | 3.3.2-1
3.3.2-2 | both | A topic name has no wildcards. | 3.3.2-2
3.3.2-3 | server | A PUBLISH to a subscriber has a topic name that matches the subscription's filter. | 3.3.2-3
3.3.4-1 | both | A PUBLISH is answered as its QoS asks. | 3.3.4-1
3.3.5-1 | server | Overlapping subscriptions deliver respecting the highest QoS among them. | 3.3.4-2
3.3.5-2 | server | A PUBLISH that is not authorised is acknowledged as ever, or ends the connection.
3.6.1-1 | server | The flags of PUBREL are 0010; others are malformed and end the connection. | 3.6.1-1
3.8.1-1 | server | The flags of SUBSCRIBE are 0010; others are malformed and end the connection. | 3.8.1-1
3.8.3-1 | both | The filters of SUBSCRIBE are UTF-8 strings. | 3.8.3-1
3.8.3-2 | server | Where wildcards are not served, a filter that has them is refused.
3.8.3-3 | both | SUBSCRIBE has at least one filter with its QoS. | 3.8.3-2
3.8.3-4 | server | Reserved bits, or a QoS above 2, make SUBSCRIBE malformed and end the connection.
3.8.4-1 | server | SUBSCRIBE is answered with SUBACK. | 3.8.4-1
3.8.4-2 | server | SUBACK has the identifier of its SUBSCRIBE. | 3.8.4-2
3.8.4-3 | server | SUBSCRIBE with a filter that is there replaces that subscription, sends its retained messages again and interrupts nothing.
3.8.4-4 | server | Several filters in a SUBSCRIBE are handled as several SUBSCRIBE with one SUBACK. | 3.8.4-5
3.8.4-5 | server | SUBACK has a return code for each filter: the granted QoS, or that it failed. | 3.8.4-6
3.8.4-6 | server | A message is delivered with the lower of its QoS and the granted one. | 3.8.4-8
3.9.3-1 | server | The return codes of SUBACK are in the order of the filters. | 3.9.3-1
3.9.3-2 | server | SUBACK has return codes 0x00, 0x01, 0x02 and 0x80 only.
3.10.1-1 | server | The flags of UNSUBSCRIBE are 0010; others are malformed and end the connection. | 3.10.1-1
3.10.3-1 | both | The filters of UNSUBSCRIBE are UTF-8 strings. | 3.10.3-1
3.10.3-2 | both | UNSUBSCRIBE has at least one filter. | 3.10.3-2
3.10.4-1 | server | Filters of UNSUBSCRIBE are compared character by character; an equal one ends its subscription. | 3.10.4-1
3.10.4-2 | server | After UNSUBSCRIBE no new message is added for the client. | 3.10.4-2
3.10.4-3 | server | After UNSUBSCRIBE QoS 1 and 2 deliveries that have begun are completed. | 3.10.4-3
3.10.4-4 | server | UNSUBSCRIBE is answered with UNSUBACK of the same identifier. | 3.10.4-4
3.10.4-5 | server | UNSUBACK comes even if nothing was deleted.
3.10.4-6 | server | Several filters in an UNSUBSCRIBE are handled as several UNSUBSCRIBE with one UNSUBACK. | 3.10.4-6
3.12.4-1 | server | PINGREQ is answered with PINGRESP. | 3.12.4-1
3.14.1-1 | server | Reserved flags of DISCONNECT other than 0 end the connection. | 3.14.1-1
3.14.4-1 | client | After DISCONNECT a client closes the connection.
3.14.4-2 | client | After DISCONNECT a client sends nothing more.
3.14.4-3 | server | DISCONNECT discards the will without publishing it.
4.1.0-1 | both | Session state is stored as long as the session lasts. | 3.1.2-23
4.1.0-2 | both | A session lasts at least as long as its connection. | 4.1.0-1
4.3.1-1 | both | A QoS 0 message is sent as PUBLISH with QoS 0 and DUP 0. | 4.3.1-1
4.3.2-1 | both | A QoS 1 message takes an unused identifier, is sent with DUP 0, and is unacknowledged until PUBACK. | 4.3.2-3
4.3.2-2 | both | PUBACK is sent when the message is accepted; after it the identifier is free for a new message. | 4.3.2-4
4.3.3-1 | both | The sender of a QoS 2 message goes through PUBLISH, PUBREC, PUBREL, PUBCOMP, and sends no PUBLISH after PUBREL. | 4.3.3-6
4.3.3-2 | both | The receiver of a QoS 2 message answers each PUBLISH with PUBREC, forwards it once, and answers PUBREL with PUBCOMP. | 4.3.3-10
4.4.0-1 | both | On reconnecting with clean session 0, unacknowledged PUBLISH and PUBREL are sent again with their identifiers.
4.5.0-1 | server | A message that the server owns is added to the session of every client with a matching subscription. | 4.5.0-1
4.5.0-2 | client | A client acknowledges a PUBLISH whether or not it processes it.
4.6.0-1 | both | PUBLISH packets are sent again in the order in which they were first sent.
4.6.0-2 | client | PUBACK packets are sent in the order of their PUBLISH packets.
4.6.0-3 | client | PUBREC packets are sent in the order of their PUBLISH packets.
4.6.0-4 | client | PUBREL packets are sent in the order of their PUBREC packets.
4.6.0-5 | server | By default every topic is ordered. | 4.6.0-6
4.6.0-6 | server | Messages of an ordered topic go out, per topic and QoS, in the order in which they came from each client. | 4.6.0-5
4.7.1-1 | both | Wildcards stand in filters only, never in topic names. | 4.7.0-1
4.7.1-2 | both | The multi-level wildcard stands alone or behind a separator, and last. | 4.7.1-1
4.7.1-3 | both | The single-level wildcard takes a whole level. | 4.7.1-2
4.7.2-1 | server | A filter that begins with a wildcard does not match a topic name that begins with $. | 4.7.2-1
4.7.3-1 | both | Topic names and filters have at least one character. | 4.7.3-1
4.7.3-2 | both | Topic names and filters have no U+0000. | 4.7.3-2
4.7.3-3 | both | Topic names and filters are UTF-8 strings of 65,535 bytes at most. | 4.7.3-3
4.7.3-4 | server | Matching does not normalise or change topic names or filters. | 4.7.3-4
4.8.0-1 | both | A protocol violation ends the connection it came on.
4.8.0-2 | both | A transient error while a packet is processed ends the connection it came on.
6.0.0-1 | both | Over WebSocket packets travel in binary frames; any other data frame ends the connection. | 6.0.0-1
6.0.0-2 | both | Packets and WebSocket frames need not end together. | 6.0.0-2
6.0.0-3 | client | A WebSocket client offers the subprotocol mqtt.
6.0.0-4 | server | The WebSocket subprotocol that the server selects is mqtt. | 6.0.0-4
7.0.0-1 | note | A server that also connects to other servers conforms as a client too; this one does not connect.
7.0.0-2 | note | No extension is needed to work with other implementations; the end-to-end tests use clients of others.
7.1.1-1 | server | The server serves a transport that is an ordered, lossless stream of bytes. | 4.2.0-1
7.1.2-1 | client | A client uses a transport that is an ordered, lossless stream of bytes.
`
