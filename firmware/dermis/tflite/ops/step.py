"""What every operator is once it is built."""


class Step:
    """One operator, checked and ready: `run()` computes `output` (`outputs`) from the arena."""

    macs = 0
    loops = 0  # turns of the innermost loop where they are more than the MACs and the values read and written
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

    @property
    def work(self):
        """Turns of the innermost loop, roughly: what one `run` costs, whatever the operator."""
        values = sum([tensor.size for tensor in self.reads]) + sum([tensor.size for tensor in self.outputs])
        return max(self.macs, self.loops, values)

    def bind(self):
        """Called once when every tensor has its `data`."""

    def run(self):
        raise NotImplementedError
