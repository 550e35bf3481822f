"""The SDK, version 2: models, endpoints and predictors."""

from __future__ import annotations


def test_a_models_own_predictor_class_is_what_deploy_returns(sdk_hosting):
    assert sdk_hosting["class"] == "NumberPredictor"
    assert sdk_hosting["prediction"] == [[6, 60]]


def test_a_model_is_repacked_with_its_code(sdk_hosting):
    assert sdk_hosting["model_data"]["ModelDataUrl"] in sdk_hosting["repacked"]
    environment = sdk_hosting["model_data"]["Environment"]
    assert environment["SAGEMAKER_PROGRAM"] == "inference.py"
    assert environment["SAGEMAKER_SUBMIT_DIRECTORY"] == "/opt/ml/model/code"


def test_an_estimator_deploys_what_it_trained(sdk_hosting):
    assert sdk_hosting["direct"] == [[12]]


def test_models_of_the_other_classes_are_served_by_their_scripts(sdk_hosting):
    assert sdk_hosting["others"] == {
        "sklearn": [[6, 60]],
        "huggingface": [[6, 60]],
        "generic": [[6, 60]],
    }


def test_every_serializer_and_deserializer_gets_through_to_the_script(sdk_hosting):
    assert sdk_hosting["csv"] == [["6.0", "12.0"]]
    assert sdk_hosting["jsonlines"] == [[6, 12]]
    assert sdk_hosting["identity"] == "[[6, 12]]"


def test_the_toolkits_own_functions_read_and_write_what_the_sdk_sends(sdk_hosting):
    assert sdk_hosting["numpy"] == [[3, 5]]
    assert sdk_hosting["toolkit_csv"] == [["3.0", "5.0"], ["6.0", "8.0"]]
    assert sdk_hosting["toolkit_json"] == "[[8.0]]"


def test_what_the_script_refuses_is_a_model_error(sdk_hosting):
    assert sdk_hosting["refused"] == ["ModelError", 500]


def test_an_endpoint_is_updated_to_another_type_and_number(sdk_hosting):
    assert sdk_hosting["updated"] == {
        "status": "InService",
        "count": 2,
        "type": "ml.m5.xlarge",
        "another": True,
        "prediction": [[6, 60]],
    }


def test_deleting_takes_away_what_it_says_and_no_more(sdk_hosting):
    names, left = sdk_hosting["names"], sdk_hosting["left"]
    assert names["model"] not in left["models"]
    assert names["doubling"] in left["models"]
    assert names["after"] not in left["configs"]
    assert names["before"] in left["configs"]  # what UpdateEndpoint replaced stays, as on AWS
    assert names["twin"] in left["configs"]
    assert names["direct"] not in left["configs"]
