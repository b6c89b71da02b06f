#!/usr/bin/env python3
"""Writes ucum_table.inc from the UCUM essence file.

    python3 fhir/ucum_table.py path/to/ucum-essence.xml > fhir/ucum_table.inc

The same essence gives the same bytes. Fields are carried over as they stand; what they mean in base units is worked
out by ucum_table.cpp. The script refuses an essence in which a prefix and an atom can be read as another symbol,
because the reader then would have to choose.
"""

import sys
import xml.etree.ElementTree as etree

NAMESPACE = "{http://unitsofmeasure.org/ucum-essence}"

NOTICE = """\
// Units and prefixes of The Unified Code for Units of Measure (UCUM), essence version {version} of {date}.
// Source: https://github.com/ucum-org/ucum, ucum-essence.xml. Made by ucum_table.py; not to be edited by hand.
//
// Copyright 1999-2024 Regenstrief Institute, Inc. All rights reserved.
// Licensed under the UCUM License, Version 1.1 (the "License"); you may not use this file except in compliance with
// the License. You may obtain a copy of the License at https://unitsofmeasure.org/license (also: ucum-license.md).
//
// Unless required by applicable law or agreed to in writing, software distributed under the License is distributed on
// an "AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the
// specific language governing permissions and limitations under the License.
//
// UCUM_PREFIX(code, name, value)
// UCUM_BASE(code, name)
// UCUM_UNIT(code, name, value, unit, metric, arbitrary)
// UCUM_SPECIAL(code, name, function, value, unit, metric)
"""


def child(element, name):
    return element.find(NAMESPACE + name)


def literal(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def flag(element, name):
    return "true" if element.get(name) == "yes" else "false"


def row(element):
    kind = element.tag.removeprefix(NAMESPACE)
    code = literal(element.get("Code"))
    name = literal(" ".join(child(element, "name").text.split()))
    if kind == "base-unit":
        return f"UCUM_BASE({code}, {name})"
    value = child(element, "value")
    if kind == "prefix":
        return f"UCUM_PREFIX({code}, {name}, {literal(value.get('value'))})"
    metric = flag(element, "isMetric")
    function = child(value, "function")
    if element.get("isSpecial") == "yes":
        fields = [literal(function.get(key)) for key in ("name", "value", "Unit")]
        return f"UCUM_SPECIAL({code}, {name}, {', '.join(fields)}, {metric})"
    fields = [literal(value.get(key)) for key in ("value", "Unit")]
    return f"UCUM_UNIT({code}, {name}, {', '.join(fields)}, {metric}, {flag(element, 'isArbitrary')})"


def check_unambiguous(prefixes, units):
    readings = {}
    for unit in units:
        readings.setdefault(unit.get("Code"), []).append("")
        if unit.tag == NAMESPACE + "base-unit" or unit.get("isMetric") == "yes":
            for prefix in prefixes:
                readings.setdefault(prefix.get("Code") + unit.get("Code"), []).append(prefix.get("Code"))
    for symbol, ways in sorted(readings.items()):
        if len(ways) > 1:
            sys.exit(f"{symbol}: {len(ways)} readings, prefixes {ways}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = etree.parse(sys.argv[1]).getroot()
    prefixes = root.findall(NAMESPACE + "prefix")
    bases = root.findall(NAMESPACE + "base-unit")
    units = root.findall(NAMESPACE + "unit")
    check_unambiguous(prefixes, bases + units)
    lines = [row(element) for group in (prefixes, bases, units) for element in group]
    text = NOTICE.format(version=root.get("version"), date=root.get("revision-date"))
    sys.stdout.buffer.write((text + "\n" + "\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    main()
