from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kennel.store import Collection, Database, Document


class Dog(Document):
    name: str
    age: int = 0


class OldDog(Document):
    name: str


@pytest.fixture
def dogs(database: Database) -> Collection[Dog]:
    return Collection(database, "dogs", Dog)


def test_a_document_is_put_got_and_deleted(dogs: Collection[Dog]):
    assert dogs.get("rex") is None
    dogs.put("rex", Dog(name="Rex"))
    dogs.put("rex", Dog(name="Rex", age=3))
    assert dogs.get("rex") == Dog(name="Rex", age=3)
    assert dogs.delete("rex")
    assert not dogs.delete("rex")
    assert dogs.get("rex") is None


def test_a_key_is_added_once(dogs: Collection[Dog]):
    assert dogs.add("rex", Dog(name="Rex"))
    assert not dogs.add("rex", Dog(name="Other"))
    assert dogs.get("rex") == Dog(name="Rex")


def test_an_update_changes_what_is_stored(dogs: Collection[Dog]):
    def older(dog: Dog) -> Dog:
        dog.age += 1
        return dog

    assert dogs.update("rex", older) is None
    dogs.put("rex", Dog(name="Rex"))
    assert dogs.update("rex", older) == Dog(name="Rex", age=1)
    assert dogs.get("rex") == Dog(name="Rex", age=1)


def test_an_update_may_leave_things_as_they_are(dogs: Collection[Dog]):
    dogs.put("rex", Dog(name="Rex"))

    def spoil(dog: Dog) -> None:
        dog.age = 99

    assert dogs.update("rex", spoil) == Dog(name="Rex")

    def fail(dog: Dog) -> Dog:
        raise LookupError("no")

    with pytest.raises(LookupError):
        dogs.update("rex", fail)
    assert dogs.get("rex") == Dog(name="Rex")


def test_documents_of_two_collections_do_not_meet(database: Database, dogs: Collection[Dog]):
    cats = Collection(database, "cats", Dog)
    dogs.put("a", Dog(name="dog"))
    cats.put("a", Dog(name="cat"))
    assert dogs.list() == [("a", Dog(name="dog"))]


def test_a_field_with_a_default_may_be_added(database: Database, dogs: Collection[Dog]):
    Collection(database, "dogs", OldDog).put("rex", OldDog(name="Rex"))
    assert dogs.get("rex") == Dog(name="Rex", age=0)


def test_several_collections_change_together_or_not_at_all(
    database: Database, dogs: Collection[Dog]
):
    cats = Collection(database, "cats", Dog)

    def both(connection):
        dogs.put_in(connection, "a", Dog(name="dog"))
        cats.put_in(connection, "a", Dog(name="cat"))
        raise LookupError("no")

    with pytest.raises(LookupError):
        database.write(both)
    assert dogs.list() == cats.list() == []


@given(
    keys=st.sets(st.text(alphabet="ab/\ud7ff\ue000\U0010ffff", max_size=4), max_size=12),
    prefix=st.text(alphabet="ab/\ud7ff\ue000\U0010ffff", max_size=2),
    after=st.text(alphabet="ab/", max_size=2),
    limit=st.integers(-1, 3),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_list_is_a_range_of_the_keys(dogs: Collection[Dog], keys, prefix, after, limit):
    for key, _ in dogs.list():
        dogs.delete(key)
    for key in keys:
        dogs.put(key, Dog(name=key))
    wanted = sorted(
        (key for key in keys if key.startswith(prefix) and key.encode() > after.encode()),
        key=str.encode,
    )
    if "" in wanted and not after:
        wanted.remove("")  # the empty key comes after no key at all
    found = [key for key, _ in dogs.list(prefix, after, limit)]
    assert found == (wanted if limit < 0 else wanted[:limit])
