"""What a slider's picture waits for, if the kernel has to draw it: not for the network.

TCP holds a second small message back until the first has been acknowledged (Nagle's algorithm), and
a browser acknowledges up to 40 ms later. A kernel's answer is such a second message: "busy" goes
before it. `python benchmarks/slider_latency.py` measures both ways.
"""
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class Prompt(ZMQChannelsWebsocketConnection):
    """The server's usual connection to a kernel, which sends each message at once."""

    def connect(self):
        self.websocket_handler.set_nodelay(True)
        return super().connect()


c.ServerApp.kernel_websocket_connection_class = Prompt  # noqa: F821
