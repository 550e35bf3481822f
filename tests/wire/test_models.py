"""botocore's models as the wire holds them."""

from __future__ import annotations

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from kennel.wire.models import known_service, service_model


def test_a_model_has_everything_but_its_documentation():
    lean = service_model("sagemaker")
    whole = Loader().load_service_model("sagemaker", "service-2")
    assert set(lean.operation_names) == set(whole["operations"])
    assert set(lean.shape_names) == set(whole["shapes"])
    for name, shape in whole["shapes"].items():
        if shape["type"] == "structure":
            assert set(lean.shape_for(name).members) == set(shape["members"])
    assert lean.operation_model("CreateEndpoint").documentation == ""


def test_a_service_that_botocore_lacks_is_unknown():
    assert known_service("s3")
    assert not known_service("barking")
    with pytest.raises(UnknownServiceError):
        service_model("barking")
