"""An MQTT 3.1.1 client over WebSocket: subscribes, publishes to itself, and leaves."""
import sys

import paho.mqtt.client as mqtt

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="web-1", transport="websockets", protocol=mqtt.MQTTv311)
client.username_pw_set("tester", "pa55")
client.ws_set_options(path="/mqtt")
client.on_connect = lambda c, *_: c.subscribe("web/#", 0)
client.on_subscribe = lambda c, *_: c.publish("web/device/867530900000017", "x" * 300)
client.on_message = lambda c, u, message: (print(message.topic), c.disconnect())
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_forever()
