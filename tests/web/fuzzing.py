"""Sends made-up requests. A module of its own, since what makes them up takes longer to load than most tests to run."""

import orjson
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from multidict import CIMultiDict
from schemathesis import GenerationMode

from blogapi.openapi.document import resolved
from tests.contract import chosen_in, contract_of
from tests.servers import LONG

# A few, always the same: more of them are for a quiet evening, not for every run.
QUICK = settings(
    max_examples=5,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def fuzz(document, url, mode, headers, known):
    mode = GenerationMode(mode)
    contract = contract_of(document)
    known_document = orjson.loads(document)
    operations = [each.ok() for each in schemathesis.openapi.from_dict(known_document).get_all_operations()]
    with requests.Session() as session:
        # Deletions last, so that there is something to ask for until then.
        for operation in sorted(operations, key=lambda each: each.method == "delete"):
            definition = operation.definition.raw
            parameters = [resolved(known_document, each) for each in definition["parameters"]]
            path_parameters = {each["name"] for each in parameters if each["in"] == "path"}
            can_be_wrong = "requestBody" in definition or any(each["in"] == "query" for each in parameters)
            if operation.path == "/v1/auth/logout" or (mode is GenerationMode.NEGATIVE and not can_be_wrong):
                continue
            cases = operation.as_strategy(
                mode,
                headers=headers,
                path_parameters={name: value for name, value in known.items() if name in path_parameters},
            )

            @QUICK
            @given(case=cases)
            def send(case):
                response = case.call(base_url=url, session=session, allow_redirects=False, timeout=LONG)
                assert response.status_code < 500, case.as_curl_command()
                received = CIMultiDict((name, values[0]) for name, values in response.headers.items())
                path, _, query = response.request.path_url.partition("?")
                chosen = chosen_in(query)
                contract.check(case.method, path, response.status_code, received, response.content, chosen)

            send()
