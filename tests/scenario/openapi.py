"""An OpenAPI 3.1 file and answers held against it: as much of JSON Schema as gateway/page/openapi.json uses, read strictly. A keyword that is not known here
is a fault of the test, not ignored."""
import json
import re

KNOWN = {"type", "properties", "required", "additionalProperties", "items", "prefixItems", "minItems", "enum", "pattern", "anyOf", "$ref", "minimum", "maximum",
         "default", "description"}
TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None), "array": list, "object": dict}


def is_a(value, name):
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name])


class OpenApi:
    def __init__(self, document):
        self.document, self.called = document, set()

    def resolve(self, schema):
        while "$ref" in schema:
            self.known(schema)
            node = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                node = node[part]
            schema = node
        return schema

    @staticmethod
    def known(schema):
        if unknown := schema.keys() - KNOWN:
            raise AssertionError(f"the checker does not know {unknown}")

    def faults(self, value, schema, where="$"):
        """Everything that is wrong with a value, as sentences."""
        if schema is True:
            return []
        if schema is False:
            return [f"{where}: nothing may stand here"]
        schema = self.resolve(schema)
        self.known(schema)
        out = []
        if "anyOf" in schema:
            tries = [self.faults(value, s, where) for s in schema["anyOf"]]
            if all(tries):
                out += min(tries, key=len)
        if "type" in schema:
            types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            if not any(is_a(value, t) for t in types):
                return out + [f"{where}: {json.dumps(value)[:80]} is no {' or '.join(types)}"]
        if "enum" in schema and value is not None and value not in schema["enum"]:
            out.append(f"{where}: {value!r} is none of {schema['enum']}")
        if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
            out.append(f"{where}: {value!r} does not match {schema['pattern']}")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if value < schema.get("minimum", value) or value > schema.get("maximum", value):
                out.append(f"{where}: {value} is out of range")
        if isinstance(value, dict):
            out += self._object(value, schema, where)
        if isinstance(value, list):
            first = schema.get("prefixItems", [])
            if len(value) < schema.get("minItems", 0):
                out.append(f"{where}: {len(value)} elements")
            for n, element in enumerate(value):
                out += self.faults(element, first[n] if n < len(first) else schema.get("items", True), f"{where}[{n}]")
        return out

    def _object(self, value, schema, where):
        properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        out = [f"{where}: '{name}' is missing" for name in schema.get("required", []) if name not in value]
        for name, member in value.items():
            out += self.faults(member, properties.get(name, more), f"{where}.{name}")
        return out

    def check(self, method, pattern, status, content_type, body):
        """Of an answer to an operation. It counts as called when it was not refused."""
        operation = self.document["paths"][pattern][method.lower()]
        responses = operation["responses"]
        if str(status) not in responses:
            return [f"{method} {pattern}: {status} is not described: {body[:200]}"]
        if status < 400:
            self.called.add((method.lower(), pattern))
        response = responses[str(status)]
        if "$ref" in response:
            response = self.document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
        contents = response.get("content")
        if contents is None:
            return [] if not body else [f"{method} {pattern} {status}: a body"]
        kind = (content_type or "").split(";")[0]
        if kind not in contents:
            return [f"{method} {pattern} {status}: {kind} instead of {list(contents)}"]
        value = json.loads(body) if kind.endswith("json") and "ndjson" not in kind else body
        return [f"{method} {pattern} {status}: {f}" for f in self.faults(value, contents[kind]["schema"])]

    def operations(self):
        return {(method, path) for path, all_ in self.document["paths"].items() for method in all_}
