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
