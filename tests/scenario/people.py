"""Invented patients for the scenarios: small records that are considered, and the results that change a decision. Nobody here is real."""

LOINC, SNOMED, RXNORM = "http://loinc.org", "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"


def coded(system, code, text):
    return {"coding": [{"system": system, "code": code}], "text": text}


def patient(key, birth="1990-05-04", **more):
    return {"resourceType": "Patient", "id": key, "gender": "female", "birthDate": birth, "active": True,
            "name": [{"family": f"Erfunden-{key}", "given": ["Zita"]}],
            "identifier": [{"system": "urn:example:mrn", "value": f"MRN-{key}-77"}], **more}


def diagnosis(key, verification="confirmed", suffix="sle"):
    return {"resourceType": "Condition", "id": f"{key}-{suffix}", "subject": {"reference": f"Patient/{key}"},
            "clinicalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]},
            "verificationStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": verification}]},
            "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-category", "code": "problem-list-item"}]}],
            "code": coded(SNOMED, "55464009", "Systemic lupus erythematosus"), "onsetDateTime": "2019-03"}


def observation(key, suffix, code, text, value, unit, when="2026-03-01T08:00:00Z"):
    return {"resourceType": "Observation", "id": f"{key}-{suffix}", "status": "final", "subject": {"reference": f"Patient/{key}"},
            "code": coded(LOINC, code, text), "effectiveDateTime": when,
            "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit}}


def egfr(key, value, when="2026-03-01T08:00:00Z", suffix="egfr"):
    return observation(key, suffix, "98979-8", "eGFR (CKD-EPI 2021)", value, "mL/min/{1.73_m2}", when)


def dsdna(key, value, when="2026-03-01T08:00:00Z"):
    r = observation(key, "dsdna", "5130-0", "anti-dsDNA", value, "[IU]/mL", when)
    r["referenceRange"] = [{"high": {"value": 10, "unit": "[IU]/mL", "system": UCUM, "code": "[IU]/mL"}}]
    return r


def statement(key, start="2024-01-10"):
    return {"resourceType": "MedicationStatement", "id": f"{key}-hcq", "status": "active", "subject": {"reference": f"Patient/{key}"},
            "medicationCodeableConcept": coded(RXNORM, "5521", "hydroxychloroquine"), "effectivePeriod": {"start": start}}


def bystander_result(n, version_text=""):
    """A result of somebody whom no trial considers, with a code that trials read."""
    return egfr(f"other{n}", 60 + n % 40, suffix=f"egfr{version_text}")


# ---- after enrolment: an invented hospital's visits, forms and laboratory

SITE, FORMS = "https://klinik.example/codes", "https://klinik.example/Questionnaire/"
SITE_MAP = {
    "resourceType": "ConceptMap", "id": "klinik", "url": "https://klinik.example/ConceptMap/klinik", "status": "active",
    "group": [
        {"source": SITE, "target": "urn:trialgate:concept",
         "element": [{"code": code, "target": [{"code": concept, "equivalence": "equivalent"}]}
                     for code, concept in (("SLEDAI", "sledai2k.total"), ("IGRA", "tb.interferon-release"), ("DOSE", "trial-dose"))]},
        {"source": "urn:trialgate:questionnaire", "target": "urn:trialgate:concept",
         "element": [{"code": FORMS + name, "target": [{"code": f"form.{name}", "equivalence": "equivalent"}]}
                     for name in ("sf-36", "promis")]}]}

# What the visits ask for: name, code, a normal value, unit, lower and upper limit.
QUANTITIES = [
    ("wbc", "6690-2", 6.1, "10*9/L", 4, 10), ("hb", "718-7", 13.2, "g/dL", 12, 16), ("plt", "777-3", 250, "10*9/L", 150, 400),
    ("lym", "731-0", 1.9, "10*9/L", 1, 4), ("alb", "1751-7", 4.2, "g/dL", 3.5, 5.2), ("bun", "3094-0", 14, "mg/dL", 7, 20),
    ("crea", "2160-0", 0.8, "mg/dL", 0.5, 1.1), ("glu", "2345-7", 88, "mg/dL", 70, 99), ("ua", "3084-1", 4.5, "mg/dL", 2.4, 6),
    ("ca", "17861-6", 9.4, "mg/dL", 8.6, 10.3), ("phos", "2777-1", 3.4, "mg/dL", 2.5, 4.5), ("k", "2823-3", 4.2, "mmol/L", 3.5, 5.1),
    ("na", "2951-2", 140, "mmol/L", 136, 145), ("ldh", "2532-0", 180, "U/L", 120, 246), ("mg", "19123-9", 2, "mg/dL", 1.7, 2.4),
    ("alp", "6768-6", 70, "U/L", 35, 105), ("alt", "1742-6", 20, "U/L", 5, 35), ("ast", "1920-8", 22, "U/L", 5, 35),
    ("bili", "1975-2", 0.6, "mg/dL", 0.2, 1.2), ("crp", "1988-5", 2, "mg/L", 0, 5), ("ds", "5130-0", 12, "[IU]/mL", 0, 30),
    ("c3", "4485-9", 95, "mg/dL", 90, 180), ("c4", "4498-2", 18, "mg/dL", 10, 40)]
# Only asked for at screening, at the dose and at the end.
WIDER = [("igg", "2465-3", 1100, "mg/dL", 700, 1600), ("esr", "4537-7", 12, "mm/h", 0, 20), ("upcr", "2890-2", 90, "mg/g", 0, 200)]
WORDS = [("hiv", LOINC, "56888-1"), ("hbsag", LOINC, "5196-1"), ("hcv", LOINC, "13955-0"), ("cmv", LOINC, "22244-8"),
         ("sm", LOINC, "11090-8"), ("rnp", LOINC, "8091-1"), ("ana", LOINC, "8061-4"), ("dip", LOINC, "20454-5"), ("igra", SITE, "IGRA")]


def result(key, name, when, value=None, status="final", tag=""):
    """One laboratory result with its limits; `value` instead of the normal one. The day of `when` is part of its id."""
    _, code, normal, unit, low, high = next(q for q in QUANTITIES + WIDER if q[0] == name)
    r = observation(key, f"{name}-{when[:10]}{tag}", code, name, normal if value is None else value, unit, when)
    limit = lambda n: {"value": n, "unit": unit, "system": UCUM, "code": unit}
    r["referenceRange"] = [{"low": limit(low), "high": limit(high)}]
    return dict(r, status=status)


def word(key, name, when, text="negative"):
    _, system, code = next(w for w in WORDS if w[0] == name)
    r = observation(key, f"{name}-{when[:10]}", code, name, 0, "1", when)
    del r["valueQuantity"]
    return dict(r, code=coded(system, code, name), valueString=text)


def form(key, name, when):
    return {"resourceType": "QuestionnaireResponse", "id": f"{key}-{name}-{when[:10]}", "questionnaire": FORMS + name,
            "status": "completed", "subject": {"reference": f"Patient/{key}"}, "authored": when,
            "item": [{"linkId": "1", "answer": [{"valueInteger": 3}]}]}


def activity(key, when, value=4):
    r = observation(key, f"sledai-{when[:10]}", "SLEDAI", "SLEDAI-2K", value, "{score}", when)
    return dict(r, code=coded(SITE, "SLEDAI", "SLEDAI-2K"))


def visit_results(key, when, wide=False, without=()):
    """Everything that a visit on that day asks for, all normal; `wide`: what screening, the dose and the last visit ask for besides."""
    out = [result(key, q[0], when) for q in QUANTITIES + (WIDER if wide else []) if q[0] not in without]
    out += [word(key, w[0], when) for w in WORDS if wide and w[0] not in without]
    out += [form(key, "sf-36", when)] + ([form(key, "promis", when)] if wide else [])
    return out + ([activity(key, when)] if "sledai" not in without else [])


def visit_type(visit, trial="sle-uc-msc"):
    """`visit` as the gateway names it, or nothing: the site's code of any visit of the study."""
    return {"coding": [{"system": "urn:trialgate:visit", "code": f"{trial}/{visit}"} if visit else {"system": SITE, "code": "RESEARCH"}]}


def encounter(key, when, visit="", status="finished", end=None):
    return {"resourceType": "Encounter", "id": f"{key}-enc-{when[:10]}", "status": status, "type": [visit_type(visit)],
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "subject": {"reference": f"Patient/{key}"}, "period": {"start": when, "end": end or when}}


def dose(key, when, status="completed"):
    return {"resourceType": "Procedure", "id": f"{key}-dose", "status": status, "code": coded(SITE, "DOSE", "trial product"),
            "subject": {"reference": f"Patient/{key}"}, "performedDateTime": when}


def appointment(key, when, visit="", status="booked"):
    return {"resourceType": "Appointment", "id": f"{key}-app-{when[:10]}", "status": status, "serviceType": [visit_type(visit)],
            "start": when, "end": when, "participant": [{"actor": {"reference": f"Patient/{key}"}, "status": "accepted"}]}
