"""How the sessions beside this tell their tests what they saw: one JSON object, printed last."""

import contextlib
import io
import json


class Output(io.StringIO):
    """Keeps what is printed while it is entered, and passes it on. `watch` is a text, and what
    to call when that is printed first; `watched` is what that returned."""

    def __init__(self, watch=None):
        super().__init__()
        self._watch = watch
        self.watched = None

    def write(self, text):
        if self._watch and self._watch[0] in text:
            call, self._watch = self._watch[1], None
            self.watched = call()
        return super().write(text)

    @contextlib.contextmanager
    def kept(self):
        with contextlib.redirect_stdout(self):
            yield self
        print(self.getvalue())


def tell(said):
    print()  # the SDK leaves its dots on an open line
    print(json.dumps(said, default=str))


def bucket_with_numbers(session):
    """The default bucket's name, with two files of numbers that add up to 6 below `data/`."""
    bucket = session.default_bucket()
    session.upload_string_as_file_body("[1, 2]", bucket, "data/a.json")
    session.upload_string_as_file_body("[3]", bucket, "data/b.json")
    return bucket
