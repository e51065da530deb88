"""One scenario of Eclipse Paho against a broker: paho-client.py SCENARIO PORT VERSION [CA CERT KEY].

It ends with 0 when everything was as it should be, else with what was not.
"""

import queue
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

WAIT_SECONDS_MAX = 20
PORT = int(sys.argv[2])
VERSION = {"3.1": mqtt.MQTTv31, "3.1.1": mqtt.MQTTv311, "5": mqtt.MQTTv5}[sys.argv[3]]
TOPIC = "paho/" + sys.argv[3]
TLS_FILES = sys.argv[4:7]


class Client:
    """A client in a thread of its own; what it is told is waited for."""

    def __init__(self, client_id, persistent=False):
        self.messages = queue.Queue()
        self.connected = queue.Queue()
        self.subscribed = queue.Queue()
        self.disconnected = queue.Queue()
        options = {"client_id": client_id, "protocol": VERSION}
        if hasattr(mqtt, "CallbackAPIVersion"):
            options["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION1
        if VERSION != mqtt.MQTTv5:
            options["clean_session"] = not persistent
        self.client = mqtt.Client(**options)
        if TLS_FILES:
            self.client.tls_set(*TLS_FILES)
        self.client.on_connect = lambda _c, _u, flags, *rest: self.connected.put((flags, rest[0]))
        self.client.on_subscribe = lambda *_: self.subscribed.put(True)
        self.client.on_disconnect = lambda *_: self.disconnected.put(True)
        self.client.on_message = lambda _c, _u, message: self.messages.put(message)
        self.persistent = persistent

    def connect(self):
        """Connects, and answers whether the session was present."""
        more = {}
        if VERSION == mqtt.MQTTv5:
            more["clean_start"] = not self.persistent
            if self.persistent:
                more["properties"] = Properties(PacketTypes.CONNECT)
                more["properties"].SessionExpiryInterval = 60
        self.client.connect("127.0.0.1", PORT, 30, **more)
        self.client.loop_start()
        flags, code = self.connected.get(timeout=WAIT_SECONDS_MAX)
        assert code == 0, f"refused: {code}"
        return flags["session present"] == 1

    def subscribe(self, topic, qos):
        self.client.subscribe(topic, qos)
        self.subscribed.get(timeout=WAIT_SECONDS_MAX)

    def publish(self, topic, payloads, qos, properties=None):
        more = {} if properties is None else {"properties": properties}
        sent = [self.client.publish(topic, payload, qos, **more) for payload in payloads]
        for one in sent:
            one.wait_for_publish(WAIT_SECONDS_MAX)
            assert one.is_published(), "not acknowledged"

    def take(self, count):
        return [self.messages.get(timeout=WAIT_SECONDS_MAX) for _ in range(count)]

    def disconnect(self):
        self.client.disconnect()
        self.disconnected.get(timeout=WAIT_SECONDS_MAX)
        self.client.loop_stop()


def numbered(count):
    return [str(number) for number in range(count)]


def texts(messages):
    return [message.payload.decode() for message in messages]


def check(what, got, wanted):
    assert got == wanted, f"{what}: got {got}, wanted {wanted}"


def each_qos():
    sub, pub = Client("each-sub-" + TOPIC), Client("each-pub-" + TOPIC)
    sub.connect()
    pub.connect()
    for qos in (0, 1, 2):
        topic = f"{TOPIC}/qos{qos}"
        sub.subscribe(topic, qos)
        payloads = numbered(300)
        pub.publish(topic, payloads, qos)
        messages = sub.take(len(payloads))
        check("payloads", texts(messages), payloads)
        check("QoS", {message.qos for message in messages}, {qos})
    sub.disconnect()
    pub.disconnect()
    assert sub.messages.empty(), "a message came twice"


def persistent_session():
    sub = Client("keeper-" + TOPIC, persistent=True)
    check("session present at first", sub.connect(), False)
    sub.subscribe(TOPIC + "/missed", 2)
    sub.disconnect()
    pub = Client("pub-" + TOPIC)
    pub.connect()
    payloads = numbered(200)
    pub.publish(TOPIC + "/missed", payloads, 2)
    pub.disconnect()
    # MQTT 3.1 has no such flag in its CONNACK.
    check("session present when back", sub.connect(), VERSION != mqtt.MQTTv31)
    check("what it missed", texts(sub.take(len(payloads))), payloads)
    sub.disconnect()
    assert sub.messages.empty(), "a message came twice"


def leave():
    """Leaves a session with 100 messages at each QoS, for `come_back` of a process that comes later."""
    sub = Client("keeper-" + TOPIC, persistent=True)
    check("session present at first", sub.connect(), False)
    sub.subscribe(TOPIC + "/#", 2)
    sub.disconnect()
    pub = Client("pub-" + TOPIC)
    pub.connect()
    pub.client.publish(TOPIC + "/state", "on", 1, retain=True).wait_for_publish(WAIT_SECONDS_MAX)
    for qos in (1, 2):
        pub.publish(f"{TOPIC}/qos{qos}", numbered(100), qos)
    pub.disconnect()


def come_back():
    sub = Client("keeper-" + TOPIC, persistent=True)
    check("session present when back", sub.connect(), True)
    check("what it missed", texts(sub.take(201)), ["on"] + numbered(100) * 2)
    pub = Client("pub-" + TOPIC)
    pub.connect()
    pub.publish(TOPIC + "/later", ["later"], 2)
    check("its subscription", texts(sub.take(1)), ["later"])
    pub.subscribe(TOPIC + "/state", 1)
    (message,) = pub.take(1)
    check("what is retained", (message.payload, message.retain), (b"on", True))
    pub.disconnect()
    sub.disconnect()
    assert sub.messages.empty(), "a message came twice"


def properties_of_5():
    sub, pub = Client("props-sub"), Client("props-pub")
    sub.connect()
    pub.connect()
    sub.subscribe("paho/properties", 2)
    properties = Properties(PacketTypes.PUBLISH)
    properties.ContentType = "text/plain"
    properties.ResponseTopic = "answers"
    properties.CorrelationData = b"\x00\xff"
    properties.MessageExpiryInterval = 60
    properties.UserProperty = [("b", "1"), ("a", "2"), ("b", "3")]
    pub.publish("paho/properties", ["hello"], 2, properties)
    (message,) = sub.take(1)
    got = message.properties
    check("content type", got.ContentType, "text/plain")
    check("response topic", got.ResponseTopic, "answers")
    check("correlation data", got.CorrelationData, b"\x00\xff")
    check("user properties", got.UserProperty, [("b", "1"), ("a", "2"), ("b", "3")])
    assert 58 <= got.MessageExpiryInterval <= 60, got.MessageExpiryInterval
    sub.disconnect()
    pub.disconnect()


scenarios = {
    "each-qos": each_qos,
    "persistent-session": persistent_session,
    "leave": leave,
    "come-back": come_back,
    "properties": properties_of_5,
}
scenarios[sys.argv[1]]()
