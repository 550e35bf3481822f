"""How a table of needs and a request become accesses."""

from __future__ import annotations

from typing import Any

from kennel.auth import IamMode, PolicyAuthorizer
from kennel.identity import Principal
from kennel.services import Access, Dispatcher
from kennel.services.access_rules import AccessRules, Need, RequestTags, need, values_at

DISPATCHER = Dispatcher(PolicyAuthorizer(IamMode.OFF), "eu-west-1", "000011112222")
CTX = DISPATCHER.context(Principal.anonymous())
PREFIX = "arn:aws:shop:eu-west-1:000011112222:"


def read(one: Need, **parameters: Any) -> tuple[Access, ...]:
    return AccessRules("shop", {"Buy": (one,)}).accesses(CTX, "Buy", parameters)


def test_an_arn_is_made_of_the_parameters():
    assert read(need("Buy", "item/{Box.Name}"), Box={"Name": "tea"}) == (
        Access("shop:Buy", f"{PREFIX}item/tea"),
    )


def test_many_values_are_many_resources():
    found = read(need("Buy", "item/{Boxes.Name}"), Boxes=[{"Name": "tea"}, {"Name": "rice"}])
    assert [one.resource for one in found] == [f"{PREFIX}item/tea", f"{PREFIX}item/rice"]


def test_a_parameter_that_is_not_there_means_any_resource():
    assert read(need("Buy", "item/{Name}"))[0].resource == f"{PREFIX}item/*"
    assert read(need("Buy", "{Arn}"))[0].resource == "*"


def test_an_arn_among_the_parameters_stands_as_it_is():
    assert read(need("Buy", "{Arn}"), Arn="arn:aws:s3:::b")[0].resource == "arn:aws:s3:::b"


def test_a_need_is_there_only_when_its_parameter_is():
    assert read(need("Buy", when="Tags"), Tags=[]) == ()
    assert len(read(need("Buy", when="Tags"), Tags=[{"Key": "a", "Value": "b"}])) == 1
    assert read(need("Buy", unless="Id"), Id="7") == ()
    assert len(read(need("Buy", unless="Id"), Id="")) == 1


def test_condition_keys_have_the_values_that_policies_compare():
    keys = {"shop:Size": "Size", "shop:Cold": "Cold", "shop:By": "=hand", "shop:Of": "A|Bs.C"}
    context = read(need("Buy", keys=keys), Size=3, Cold=True, A="x", Bs=[{"C": "y"}, {"C": "x"}])
    assert context[0].context == {
        "shop:size": ("3",),
        "shop:cold": ("true",),
        "shop:by": ("hand",),
        "shop:of": ("x", "y"),
    }


def test_a_key_without_a_value_is_absent():
    assert read(need("Buy", keys={"shop:Size": "Size"}), Size="")[0].context == {}


def test_tags_of_every_form_are_request_tags():
    wanted = {"aws:requesttag/team": ("dogs",), "aws:tagkeys": ("Team",)}
    for tags in ([{"Key": "Team", "Value": "dogs"}], {"Team": "dogs"}):
        assert read(need("Buy", tags="Tags"), Tags=tags)[0].context == wanted
    assert read(need("Buy", tags="Keys"), Keys=["Team"])[0].context == {"aws:tagkeys": ("Team",)}
    own = Need("Buy", tags=RequestTags("T", "shop:tag/", "shop:tags"))
    assert read(own, T={"a": "b"})[0].context == {"shop:tag/a": ("b",), "shop:tags": ("a",)}


def test_paths_go_through_lists():
    assert values_at({"A": [{"B": [1, 2]}, {"B": 3}, {}]}, "A.B") == ["1", "2", "3"]
