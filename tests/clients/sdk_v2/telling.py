"""How the sessions beside this tell their tests what they saw: one JSON object, printed last."""

import contextlib
import io
import json


class Output(io.StringIO):
    """Keeps what is printed while it is entered, and passes it on."""

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
