"""What every operator is once it is built."""


class Step:
    """One operator, checked and ready: `run()` computes `output` (`outputs`) from the arena."""

    macs = 0
    scratch = ()  # blocks of the arena that only this step needs

    def __init__(self, node, reads, output):
        self._code = node.code
        self.reads = reads
        self.output = output
        self.outputs = (output,)

    @property
    def op(self):
        from ..op_names import name  # only a message or a profile needs the names

        return name(self._code)

    def bind(self):
        """Called once when every tensor has its `data`."""

    def run(self):
        raise NotImplementedError
