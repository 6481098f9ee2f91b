"""One user's visit with Elasticsearch's own client for Python, told as one JSON object.

Arguments: the URL, the bearer token, the value of `ES-Client-Authentication`, and whom to run as
(left out: nobody). It sends what an application sends, `info` and a search, and tells who the
cluster says that it was; or the client's own exception, as an application would catch it.
"""

import json
import sys

from elasticsearch import ApiError, Elasticsearch


def identity(answer):
    """What the cluster was told about the user."""
    return {name: value for name, value in answer.body["headers"] if name.startswith("x-es-")}


def visit(url, token, client_authentication, run_as=None):
    headers = {"ES-Client-Authentication": client_authentication}
    if run_as is not None:
        headers["es-security-runas-user"] = run_as
    with Elasticsearch(url, bearer_auth=token, headers=headers) as cluster:
        try:
            info = cluster.info()
            search = cluster.search(index="logs", query={"match_all": {}})
        except ApiError as error:
            return {
                "class": type(error).__name__,
                "status": error.status_code,
                "reason": error.body["error"]["reason"],
                "shown": str(error),
            }
    return {"info": identity(info), "search": identity(search)}


print(json.dumps(visit(*sys.argv[1:])))
