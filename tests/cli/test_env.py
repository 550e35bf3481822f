import os
import subprocess
import sysconfig

from tests.planes import clean_environment


def shell(script, **variables):
    """What `script` leaves in a shell's AWS_ variables, and what it printed."""
    scripts = sysconfig.get_path("scripts")
    path = {"PATH": os.pathsep.join([scripts, os.environ["PATH"]])}
    run = subprocess.run(
        ["sh", "-euc", f"{script}\nenv"],
        env=clean_environment() | path | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    ours = set(clean_environment())
    pairs = (line.partition("=") for line in run.stdout.splitlines())
    return {k: v for k, _, v in pairs if k.startswith("AWS_") and k not in ours}, run.stdout


def test_a_shell_that_evaluates_the_lines_points_at_the_plane(plane):
    connection = plane.connection
    seen, _ = shell(plane.command("env").stdout, AWS_SESSION_TOKEN="old", AWS_PROFILE="work")
    assert seen == {
        "AWS_ENDPOINT_URL": connection.url,
        "AWS_REGION": connection.region,
        "AWS_DEFAULT_REGION": connection.region,
        "AWS_ACCESS_KEY_ID": connection.access_key_id,
        "AWS_SECRET_ACCESS_KEY": connection.secret_access_key,
    }


def test_what_else_the_shell_has_for_aws_is_taken_away(plane):
    of_the_shell = {
        "AWS_ENDPOINT_URL_S3": "https://s3.eu-west-1.amazonaws.com",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
        "AWS_PAGER": "",
        "AWS_X;echo broken": "",
    }
    lines = plane.command("env", variables=of_the_shell).stdout
    seen, printed = shell(lines, **of_the_shell)
    assert "AWS_ENDPOINT_URL_S3" not in seen
    assert "AWS_USE_FIPS_ENDPOINT" not in seen
    assert "AWS_WEB_IDENTITY_TOKEN_FILE" not in seen
    assert "AWS_PAGER" in seen
    assert "echo broken" not in lines
    assert "AWS_CONFIG_FILE" in printed


def test_unset_takes_the_lines_back(plane):
    seen, _ = shell(plane.command("env").stdout + plane.command("env", "--unset").stdout)
    assert seen == {}


def test_the_aws_cli_needs_nothing_more(plane):
    _, printed = shell(plane.command("env").stdout + "aws sts get-caller-identity")
    assert ":root" in printed
