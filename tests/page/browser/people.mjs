// Invented people for the mock: nobody in here exists. Deterministic; the first ones have a story, the others are drawn by a seeded generator.

export const today = "2026-03-15";
export const hostile = `<script>globalThis.hacked = 1</script><img src=x onerror="globalThis.hacked = 2">`;

export const trials = [
    {
        id: "sle-uc-msc",
        title: "Umbilical cord mesenchymal stem cells in SLE (LK-23-01)",
        version: "2025-07",
        criteria: [
            ["age", "18 to 75 years at screening", "record"],
            [
                "sle-classification",
                "SLE by at least 4 of 11 ACR criteria or at least 4 of 17 SLICC criteria, one of them clinical and one immunologic",
                "record-or-clinician",
            ],
            ["serology", "ANA of at least 1:160 or positive anti-dsDNA within 6 months of screening", "record"],
            ["renal-function", "eGFR of at least 30 mL/min/1.73 m2 in the screening period", "record"],
            [
                "background-therapy",
                "at least one antimalarial or immunosuppressant, neither a biologic nor a steroid, for 12 weeks or more before screening",
                "record",
            ],
            ["disease-activity", "SLEDAI-2K of at least 6 at screening", "record-or-clinician"],
            ["consent", "informed consent", "clinician"],
            ["visit-adherence", "willing and able to attend all visits", "clinician"],
        ].map(([id, text, decidedBy]) => ({id, text, decidedBy})),
    },
    {
        id: "dapa-hf",
        title: "Dapagliflozin in heart failure (DAPA-HF)",
        version: "1",
        criteria: [
            ["age", "18 years or more", "record"],
            ["lvef", "LVEF of at most 40 % in 12 months", "record"],
            ["nt-probnp", "NT-proBNP of at least 600 pg/mL", "record"],
            ["egfr", "eGFR of at least 30 mL/min/1.73 m2", "record"],
            ["sbp", "systolic blood pressure of at least 95 mmHg", "record"],
            ["no-sglt2", "no SGLT2 inhibitor in 4 weeks", "record"],
        ].map(([id, text, decidedBy]) => ({id, text, decidedBy})),
    },
];

/** A generator of numbers in [0, 1) that always says the same. */
export function dice(seed) {
    let a = seed;
    return () => {
        a = (a + 0x6d2b79f5) | 0;
        let t = Math.imul(a ^ (a >>> 15), 1 | a);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

const day = (from, n) => new Date(Date.parse(from) + n * 86400000).toISOString().slice(0, 10);
export const plusDays = n => day(today, n);
const now = Date.parse(`${today}T09:00:00Z`);

/** What a strip amounts to, as the engine would say. */
export function statusOf(strip, trial) {
    const yes = c => c === "+" || c === "M";
    if ([...strip].every(yes)) return "eligible";
    if (/[-N]/.test(strip)) return strip[0] === "-" ? "ineligible" : "not-now";
    return trial.criteria.every((c, n) => c.decidedBy !== "record" || yes(strip[n])) ? "likely" : "possible";
}

const stories = [
    ["8f2e2d02", "++++++??"],
    ["7281e310", "++?++???"],
    ["c0ffee11", "++++-+??"],
    ["5ca1ab1e", "+++??+??"],
    ["0ddba115", "-+++++??"],
    ["f005ba11", "++++++MM"],
    ["ba5eba11", "++++?+?N"],
];

export function makeRows(count, trial, seed = 7) {
    const roll = dice(seed);
    const rows = new Map();
    for (let n = 0; n < count; ++n) {
        const hex = Array.from({length: 32}, () => Math.floor(roll() * 16).toString(16)).join("");
        let strip = trial.criteria
            .map((c, i) => {
                const r = roll();
                return c.decidedBy === "clinician"
                    ? r < 0.03
                        ? "M"
                        : "?"
                    : i === 0
                      ? r < 0.95
                          ? "+"
                          : "-"
                      : r < 0.66
                        ? "+"
                        : r < 0.9
                          ? "?"
                          : "-";
            })
            .join("");
        const told = trial === trials[0] ? stories[n] : undefined;
        if (told) strip = told[1];
        const before = [...strip].map((c, i) => (i === n % strip.length && c === "+" ? "?" : c)).join("");
        const fresh = n % 3 !== 0;
        const row = {
            subject: (told?.[0] ?? hex.slice(0, 8)) + hex.slice(8),
            status: statusOf(strip, trial),
            strip,
            changesOn: roll() < 0.6 ? plusDays(Math.floor(roll() * 170) + 1) : null,
            changed: now - Math.floor(roll() * 40 * 86400000),
            // What it was, by stamps; what others said, by theirs.
            log: [[0, n % 7 === 1 ? "|" : `${statusOf(before, trial)}|${before}`]],
            told: [],
            mark: "",
            human: "",
            comments: n === 1 ? 2 : roll() < 0.05 ? 1 : 0,
            stamp: fresh ? n + 1 : count + n + 1,
            contradiction: "",
            decided: "",
            number: "",
            state: "",
        };
        row.log.push([row.stamp, `${row.status}|${row.strip}`]);
        if (n === 5) Object.assign(row, {mark: "screened", decided: "page", number: "S-001", state: "screening"});
        if (n === 6) Object.assign(row, {mark: "not-interested", decided: "page", contradiction: "likely"});
        rows.set(row.subject, row);
    }
    return rows;
}

const evidence = (reference, version, date, text, what = "Finding", verification = "") => ({
    reference,
    version,
    date,
    text,
    what,
    verification,
});
const crit = (id, text, decidedBy, verdict, more = {}) => ({
    id,
    text,
    decidedBy,
    verdict,
    reason: verdict === "unknown" ? "no-data" : null,
    explanation: "",
    changesOn: null,
    needs: [],
    notes: [],
    evidence: [],
    parts: [],
    confirmed: null,
    ...more,
});

/** The criteria of the first trial, in words, for the strip. */
function lupus(strip) {
    const verdict = c => ({"+": "met", M: "met", "-": "not-met", N: "not-met"})[c] ?? "unknown";
    const item = (id, text, v, more) => crit(id, text, "record", v, more);
    const acr = item("acr-1997", "ACR 1997: at least 4 of 11", "met", {
        explanation: "6 of 11, at most 7",
        parts: [
            item("acr.malar-rash", "Malar rash", "met", {
                explanation: "coded on 2019-05-02",
                evidence: [evidence("Condition/anna-malar", "1", "2019-05-02", "Malar rash")],
                notes: [{id: "clinician-to-confirm", text: "Counts by a diagnosis code: a clinician has to confirm the finding."}],
            }),
            item("acr.renal", "Renal disorder", "met", {
                explanation: "protein 0.9 g/d on 2 days; red cell casts",
                evidence: [
                    evidence("Observation/anna-upcr1", "1", "2026-01-10", "900 mg/g", "Urine protein/creatinine"),
                    evidence("Observation/anna-casts", "2", "2026-02-18", "red cell casts: present"),
                ],
            }),
            item("acr.hematologic", "Hematologic disorder", "met", {
                explanation: "white cells below 4.0 on 2 days",
                evidence: [
                    evidence("Observation/anna-wbc1", "1", "2026-01-10", "3.1 10*9/L (4.0 - 10.0)"),
                    evidence("Observation/anna-wbc2", "1", "2026-02-18", "3.4 10*9/L (4.0 - 10.0)"),
                ],
            }),
            item("acr.seizures", "Neurologic disorder", "unknown", {
                reason: "no-data",
                needs: ["seizures or psychosis, asked of the patient"],
            }),
            item("acr.serositis", "Serositis", "not-met", {
                explanation: "no pleuritis or pericarditis; ultrasound of 2024 without effusion",
            }),
        ],
    });
    const slicc = item("slicc-2012", "SLICC 2012: at least 4 of 17", "met", {
        explanation: "7 of 17",
        parts: [
            item("slicc.low-complement", "Low complement", "met", {
                explanation: "C3 62 mg/dL (90 - 180)",
                evidence: [evidence("Observation/anna-c3", "1", "2026-02-18", "62 mg/dL (90 - 180)")],
            }),
        ],
    });
    const v = [...strip].map(verdict);
    const c = trials[0].criteria;
    const at = (n, more) =>
        crit(c[n].id, c[n].text, c[n].decidedBy, "MN".includes(strip[n]) ? "unknown" : v[n], {
            ...more,
            confirmed: "MN".includes(strip[n])
                ? {
                      judgement: 900 + n,
                      value: v[n],
                      by: "Dr. Ida Invented",
                      at: "2026-03-12T10:20:00.000Z",
                      reason: "Asked at the visit",
                      machine: "unknown",
                  }
                : null,
        });
    return [
        at(0, {explanation: "35 years", evidence: [evidence("Patient/anna", "3", "1990-06-01", "born 1990-06-01")]}),
        at(1, {
            explanation: "SLE coded; ACR 6 of 11; SLICC 7 of 17",
            parts: [
                item("diagnosis", "SLE as a coded diagnosis", "met", {
                    explanation: "on the problem list since 2019-05-02",
                    evidence: [
                        evidence("Condition/anna-sle", "1", "2019-05-02", "Systemic lupus erythematosus (M32.1)"),
                        evidence("Condition/anna-dle", "2", "2018-01-09", "Discoid lupus (L93.0)", "Discoid lupus", "refuted"),
                    ],
                }),
                acr,
                slicc,
            ],
        }),
        at(
            2,
            v[2] === "unknown"
                ? {
                      reason: "too-old",
                      explanation: "ANA positive without a titer; anti-dsDNA of 2025-06-11 is older than 6 months",
                      needs: ["ANA titer or anti-dsDNA since 2025-09-15"],
                      notes: [
                          {
                              id: "ana-without-titer",
                              text: "ANA is positive without a titer that proves 1:160: ask the laboratory for the titer.",
                          },
                      ],
                      evidence: [evidence("Observation/bea-ana", "1", "2025-12-01", "positive", "Antinuclear antibodies (ANA)")],
                  }
                : {
                      explanation: "ANA 1:640 on 2025-12-01 (limit 1:160)",
                      changesOn: "2026-06-02",
                      evidence: [
                          evidence("Observation/anna-ana", "1", "2025-12-01", "1:640"),
                          evidence("Observation/anna-dsdna", "2", "2026-02-18", "88 IU/mL (< 15)"),
                      ],
                  },
        ),
        at(
            3,
            v[3] === "unknown"
                ? {explanation: "no eGFR or creatinine since 2025-12-15", needs: ["eGFR or creatinine since 2025-12-15"]}
                : {
                      explanation: "eGFR (CKD-EPI 2021) 74 mL/min/1.73m2 on 2026-02-18 (limit >= 30)",
                      changesOn: "2026-05-20",
                      evidence: [
                          evidence("Observation/anna-egfr", "1", "2026-02-18", "74 mL/min/1.73m2", "eGFR, CKD-EPI 2021 (creatinine)"),
                      ],
                  },
        ),
        at(4, {
            explanation:
                v[4] === "not-met"
                    ? "hydroxychloroquine for 70 days; 84 days on 2026-03-29"
                    : v[4] === "unknown"
                      ? ""
                      : "hydroxychloroquine since 2021-03-01 (84 days needed)",
            needs: v[4] === "unknown" ? ["start and last supply of the background drug"] : [],
            reason: v[4] === "unknown" ? "history-incomplete" : null,
            changesOn: v[4] === "not-met" ? "2026-03-29" : null,
            evidence: [evidence("MedicationRequest/anna-hcq", "4", "2021-03-01", "hydroxychloroquine 200 mg, twice a day")],
            notes:
                v[4] === "met"
                    ? [
                          {
                              id: "biologic-current",
                              text: "A biologic was given in the last months: it does not count as background therapy, and the washout that the sponsor asks for is not public.",
                          },
                      ]
                    : [],
        }),
        at(5, {
            explanation: v[5] === "met" ? "SLEDAI-2K 10 (limit >= 6)" : "SLEDAI-2K 4, at most 14",
            changesOn: v[5] === "met" ? "2026-03-20" : null,
            needs: v[5] === "unknown" ? ["a SLEDAI-2K total since 2026-02-13"] : [],
            parts: [
                item("sledai-2k", "SLEDAI-2K", v[5], {
                    explanation: "10 points",
                    parts: [
                        item("sledai.casts", "Urinary casts (4)", "met", {
                            explanation: "4 points",
                            evidence: [evidence("Observation/anna-casts", "2", "2026-02-18", "red cell casts: present")],
                        }),
                        item("sledai.complement", "Low complement (2)", "met", {
                            explanation: "2 points",
                            evidence: [evidence("Observation/anna-c3", "1", "2026-02-18", "62 mg/dL (90 - 180)")],
                        }),
                        item("sledai.fever", "Fever (1)", "unknown", {needs: ["body temperature since 2026-02-13"]}),
                    ],
                }),
            ],
        }),
        at(6, {reason: "needs-person", needs: v[6] === "unknown" ? ["Has the patient given informed consent?"] : []}),
        at(7, {reason: "needs-person", needs: v[7] === "unknown" ? ["Is the patient willing and able to attend all visits?"] : []}),
    ];
}

export function makePerson(row, trial, ground) {
    const listed = !row.withheld && row.status !== "";
    const criteria = !listed
        ? []
        : trial.id === "sle-uc-msc"
          ? lupus(row.strip)
          : trial.criteria.map((c, n) =>
                crit(c.id, c.text, c.decidedBy, {"+": "met", "-": "not-met"}[row.strip[n]] ?? "unknown", {
                    needs: row.strip[n] === "?" ? [c.text] : [],
                }),
            );
    if (ground.nasty && listed)
        Object.assign(criteria[0], {
            text: `${criteria[0].text} ${hostile}`,
            explanation: hostile,
            evidence: [evidence(`Observation/${hostile}`, hostile, hostile, hostile)],
            notes: [{id: "x", text: hostile}],
            needs: [hostile],
        });
    const judgements = ground.judgements
        .filter(j => j.subject === row.subject && j.trial === trial.id)
        .map(({subject, trial: of, ...j}) => j);
    return {
        subject: row.subject,
        label: ground.label(row),
        trial: trial.id,
        title: trial.title,
        protocolVersion: trial.version,
        asOf: today,
        status: listed ? row.status : null,
        machineStatus: listed ? statusOf(row.strip.replace(/[MN]/g, "?"), trial) : null,
        changesOn: listed ? row.changesOn : null,
        mark: row.mark,
        human: row.human,
        contradiction: row.contradiction,
        decided: row.decided,
        mergedInto: ground.merged.get(row.subject) ?? null,
        identity: ground.identityOf(row),
        person: !listed
            ? {sex: null, born: null, age: null}
            : {sex: "female", born: ground.identityOf(row) ? "1990-06-01" : "1990", age: 35},
        notes: !listed
            ? [{id: "research-refused", text: "The patient refused the use of the record for research."}]
            : ground.nasty
              ? [{id: "n", text: hostile}]
              : [{id: "hepatitis-b", text: "Hepatitis B antigen or core antibody is positive."}],
        criteria,
        judgements,
        history:
            row.withheld || row.status === ""
                ? [{at: "2026-03-13T08:00:00.000Z", status: "", strip: "", sameCriteria: true, cause: {by: "record", events: []}}]
                : [
                      {
                          at: "2026-03-12T08:00:00.000Z",
                          status: row.status,
                          strip: row.strip,
                          sameCriteria: true,
                          cause: {by: "record", events: ["Observation/anna-egfr v1", "Observation/anna-casts v2"]},
                      },
                      {
                          at: "2026-02-18T11:05:00.000Z",
                          status: "possible",
                          strip: row.strip.replace("+", "?"),
                          sameCriteria: true,
                          cause: {by: "date", events: []},
                      },
                      {
                          at: "2026-01-02T07:00:00.000Z",
                          status: "possible",
                          strip: row.strip.replace(/\+/g, "?"),
                          sameCriteria: !ground.amended,
                          cause: {by: "trial", events: []},
                      },
                  ],
        localCodes:
            row.withheld || row.status === ""
                ? []
                : [
                      {
                          type: "Observation",
                          system: "https://klinikum.example.de/labor",
                          code: "DSDNA-E",
                          display: ground.nasty ? hostile : "dsDNS-AK (ELISA)",
                      },
                      {type: "Observation", system: "https://klinikum.example.de/labor", code: "C3N", display: "C3 nephelom."},
                  ],
        participations:
            row.state === "" ? [] : [{number: row.number, state: row.state, since: "2026-03-10", anchors: {screening: "2026-03-10"}}],
    };
}

/** As it was reported, and the first and the last day that this may mean. */
function days(when) {
    const last = new Date(Date.UTC(Number(when.slice(0, 4)), when.length > 4 ? Number(when.slice(5, 7)) : 12, 0))
        .toISOString()
        .slice(0, 10);
    return when.length === 10 ? {when, on: when, last: when} : {when, on: `${when}-01-01`.slice(0, 10), last};
}

export function makeTimeline(row, ground) {
    if (row.withheld || row.status === "") return {from: plusDays(-182), to: today, today, labs: [], medications: [], conditions: []};
    const roll = dice(11);
    const labs = [
        [
            "egfr",
            "eGFR (CKD-EPI 2021)",
            "mL/min/1.73m2",
            74,
            14,
            {op: ">=", value: 30},
            {days: 90, from: "2025-12-15", to: today},
            "2026-05-20",
            ["renal-function"],
        ],
        ["c3", "C3", "mg/dL", 70, 20, null, {days: 30, from: "2026-02-13", to: today}, "2026-03-20", ["disease-activity"]],
        [
            "upcr",
            "Urine protein/creatinine",
            "mg/g",
            700,
            400,
            {op: ">=", value: 500},
            {days: 30, from: "2026-02-13", to: today},
            "2026-03-20",
            ["disease-activity"],
        ],
        ["wbc", "White cells", "10*9/L", 3.9, 1.2, {op: "<", value: 4}, null, null, ["sle-classification"]],
    ];
    const made = labs.map(([concept, title, unit, middle, spread, limit, window, expires, criteria], k) => ({
        concept,
        title,
        unit,
        criteria,
        limit,
        window,
        expires,
        asked: criteria.map(criterion => ({criterion, limit, window, expires})),
        points: Array.from({length: 9 + k}, (_, n) => {
            const value = Math.round((middle + (roll() - 0.5) * spread * 2) * 10) / 10;
            const on = plusDays(-25 - (9 + k - 1 - n) * 61);
            // A result in a unit that nobody understands is far from what the others are.
            const foo = k === 3 && n === 9;
            return {
                ...days(k === 0 && n === 1 ? on.slice(0, 7) : on),
                value: foo ? 80 : value,
                text: foo ? "80 foo" : `${value} ${unit}`,
                comparator: k === 0 && (n === 2 || n === 5) ? ">" : "",
                reference: `Observation/anna-${concept}${n}`,
                version: "1",
                low: null,
                high: null,
                unusable: foo || (k === 3 && n === 4),
            };
        }),
    }));
    made.push({
        concept: "ana",
        title: ground.nasty ? hostile : "ANA",
        unit: "",
        criteria: ["serology"],
        limit: null,
        window: {days: 181, from: "2025-09-15", to: today},
        expires: "2026-06-02",
        asked: [{criterion: "serology", limit: null, window: {days: 181, from: "2025-09-15", to: today}, expires: "2026-06-02"}],
        points: [
            ["2024", "positive"],
            ["2025-05", "negative"],
            ["2025-09", "1:320"],
            ["2025-12-01", "1:640"],
            ["2026-05-01", "1:80"],
        ].map(([when, text]) => ({
            ...days(when),
            value: null,
            text: ground.nasty ? hostile : text,
            comparator: "",
            reference: "Observation/anna-ana",
            version: "1",
            low: null,
            high: null,
            unusable: false,
        })),
    });
    made.push({
        ...made[3],
        concept: "hbsag",
        title: "Hepatitis B surface antigen",
        unit: "IU/mL",
        limit: {op: "<", value: 1},
        expires: null,
        asked: [
            {criterion: "serology", limit: {op: "<", value: 1}, window: null, expires: null},
            {
                criterion: "renal-function",
                limit: {op: "<", value: 5},
                window: {days: 30, from: "2026-02-13", to: today},
                expires: "2026-03-22",
            },
        ],
        points: [{...made[4].points[0], ...days("2022"), value: 0.2, text: "0.2 IU/mL", reference: "Observation/anna-hbsag"}],
    });
    return {
        from: "2019-05-02",
        to: "2026-06-20",
        today,
        labs: made,
        medications: [
            {
                concept: "hydroxychloroquine",
                title: "hydroxychloroquine",
                start: "2021-03-01",
                end: null,
                ongoing: true,
                current: true,
                source: "ordered",
                onHold: false,
                text: "200 mg, twice a day",
                reference: "MedicationRequest/anna-hcq",
                version: "4",
            },
            {
                concept: "belimumab",
                title: "belimumab",
                start: "2025-02-01",
                end: "2025-11-20",
                ongoing: false,
                current: false,
                source: "ordered",
                onHold: false,
                text: "200 mg weekly",
                reference: "MedicationRequest/anna-beli",
                version: "2",
            },
            {
                concept: "prednisone",
                title: "prednisone",
                start: null,
                end: "2025-08-01",
                ongoing: false,
                current: false,
                source: "ordered",
                onHold: false,
                text: "5 mg",
                reference: "MedicationStatement/anna-pred",
                version: null,
            },
            {
                concept: "azathioprine",
                title: "azathioprine",
                start: "2025-09-01",
                ongoing: true,
                current: true,
                source: "ordered",
                onHold: true,
                startWhen: "2025-09",
                text: "50 mg",
                reference: "MedicationRequest/anna-aza",
                version: "1",
            },
        ],
        conditions: [
            {
                title: "Systemic lupus erythematosus",
                start: "2019-05-02",
                startWhen: "2019-05",
                end: null,
                verification: "confirmed",
                current: true,
                text: "M32.1",
                reference: "Condition/anna-sle",
                version: "1",
            },
            {
                title: "Lupus nephritis",
                start: "2022-09-12",
                end: null,
                verification: "confirmed",
                current: true,
                text: "biopsy class III",
                reference: "Condition/anna-ln",
                version: "1",
            },
            ...[
                ["Breast cancer", "2020-02-01", null, "confirmed", false],
                ["Pericarditis", "2021-01-05", "2025-10-20", "confirmed", false],
                ["Antiphospholipid syndrome", "2025-08-01", null, "support", true],
                ["Epilepsy", "2025-06-01", null, "refuted", true],
            ].map(([title, start, end, verification, current]) => ({
                title,
                start,
                end,
                verification,
                current,
                text: title,
                reference: `Condition/anna-${title.slice(0, 4).toLowerCase()}`,
                version: "1",
            })),
        ],
    };
}

export function makeVisits(subject) {
    const one = (participant, visit, title, state, earliest, target, latest, more = {}) => ({
        trial: "sle-uc-msc",
        participant,
        subject,
        visit,
        title,
        state,
        earliest: plusDays(earliest),
        target: plusDays(target),
        latest: plusDays(latest),
        proposed: plusDays(target),
        booked: null,
        held: null,
        provisional: false,
        missing: [],
        note: "",
        ...more,
    });
    return [
        one("S-003", "v5", "Visit 5 (day 14)", "upcoming", 2, 4, 6, {booked: plusDays(5)}),
        one("S-001", "v3", "Visit 3 (day 3)", "overdue", -6, -5, -4, {missing: ["C4 not resulted", "blood count: platelets pending"]}),
        one("S-002", "v4", "Visit 4 (day 7)", "closing", -2, -1, 1),
        one("S-004", "v2", "Visit 2", "missed", -20, -20, -20),
        one("S-005", "v1", "Visit 1, dosing", "ahead", 12, 16, 20, {
            provisional: true,
            note: "counted from screening until the dose is dated",
        }),
        one("S-003", "v4", "Visit 4 (day 7)", "done-incomplete", -5, -4, -3, {held: plusDays(-4), missing: ["C4 not resulted"]}),
        one("S-006", "v6", "Visit 6 (day 28)", "due", -1, 0, 3),
        one("S-007", "v6", "Visit 6 (day 28)", "ahead", 18, 21, 24),
    ];
}

export function makeAlerts(subject, nasty) {
    const at = "2026-03-14T07:30:00.000Z";
    const one = (id, tier, kind, title, more) => ({
        id,
        trial: "sle-uc-msc",
        participant: "S-001",
        subject,
        kind,
        tier,
        title,
        open: true,
        raised: at,
        changed: at,
        withdrawn: null,
        acknowledged: null,
        acknowledgedBy: null,
        snoozedUntil: null,
        escalated: null,
        detail: {text: "", details: {}, evidence: [], missing: []},
        trend: [],
        ...more,
    });
    const trend = (unit, values) =>
        values.map((value, n) => ({
            date: plusDays(-28 + n * 7),
            value,
            unit,
            text: `${value} ${unit}`,
            grade: value > 175 ? "3" : value > 105 ? "2" : value > 35 ? "1" : null,
        }));
    return [
        one("11", 1, "hys-law", "Possible Hy's law: ALT and bilirubin raised together", {
            escalated: "2026-03-14T11:30:00.000Z",
            detail: {
                text: "ALT 190 U/L and total bilirubin 2.6 mg/dL on 2026-03-14, alkaline phosphatase normal.",
                details: {value: "190 U/L", date: "2026-03-14", upperLimit: "35"},
                evidence: [
                    evidence("Observation/alt5", "1", "2026-03-14", "ALT 190 U/L (< 35)"),
                    evidence("Observation/bili2", "1", "2026-03-14", "bilirubin 2.6 mg/dL (< 1.2)"),
                ],
                missing: [],
            },
            trend: trend("U/L", [22, 25, 41, 96, 190]),
        }),
        one("12", 2, "lab-grade", nasty ? hostile : "ALT increased, grade 3 (CTCAE v5.0)", {
            detail: {
                text: nasty ? hostile : "ALT 190 U/L on 2026-03-14 (upper limit 35), 5.4 times the limit.",
                details: {
                    grade: "3",
                    baselineGrade: "0",
                    baseline: "22 U/L",
                    baselineDate: "2026-02-14",
                    value: "190 U/L",
                    date: "2026-03-14",
                    upperLimit: "35",
                },
                evidence: [evidence("Observation/alt5", "1", "2026-03-14", nasty ? hostile : "ALT 190 U/L (< 35)")],
                missing: [],
            },
            trend: trend("U/L", [22, 25, 41, 96, 190]),
        }),
        one("13", 3, "overdue", "Visit 3 (day 3) is overdue", {
            detail: {
                text: "The window ended on 2026-03-11 and nothing shows the visit.",
                details: {visit: "v3"},
                earliest: plusDays(-6),
                target: plusDays(-5),
                latest: plusDays(-4),
                missing: ["C4 not resulted"],
                evidence: [],
            },
        }),
        one("14", 3, "lab-grade", "White cells decreased, grade 2 (CTCAE v5.0)", {
            acknowledged: "2026-03-13T09:00:00.000Z",
            acknowledgedBy: "Cora Coordinator",
            detail: {text: "White cells 2.4 10*9/L.", details: {grade: "2", baselineGrade: "missing"}, evidence: [], missing: []},
        }),
        one("15", 2, "kidney-injury", "Creatinine rose by half in 7 days", {
            open: false,
            withdrawn: "2026-03-13T12:00:00.000Z",
            detail: {text: "Creatinine 1.4 after 0.9 mg/dL.", details: {}, evidence: [], missing: []},
        }),
    ];
}

export function makeOperations() {
    return {
        at: "2026-03-15T09:00:00.000Z",
        journal: {rows: 48213, bytes: 91234567, oldest: "2026-02-13T00:00:00.000Z"},
        patients: 1284,
        sources: [
            {
                name: "ehr",
                url: "https://ehr.example.org/fhir",
                answers: true,
                lastHeard: "2026-03-15T08:59:48.000Z",
                jobs: {fetch: 2, hydrate: 1, reconcile: 0},
                subscriptions: [
                    {
                        name: "observation",
                        kind: "topic-r4",
                        status: "active",
                        lastHeard: "2026-03-15T08:59:48.000Z",
                        ends: "2026-04-14T00:00:00.000Z",
                    },
                    {name: "condition", kind: "rest-hook", status: "error", lastHeard: "2026-03-15T06:10:00.000Z", ends: null},
                ],
            },
            {
                name: "lab",
                url: "https://lab.example.org/r4",
                answers: false,
                lastHeard: "2026-03-15T06:40:00.000Z",
                jobs: {fetch: 0, hydrate: 0, reconcile: 1},
                subscriptions: [],
            },
        ],
        sinks: [{name: "study", waiting: 3, dead: 1, oldest: "2026-03-15T08:51:00.000Z"}],
        quarantine: 2,
        faults: [
            {
                key: "source.lab",
                text: "lab does not answer: connect timed out",
                times: 14,
                since: "2026-03-15T06:41:00.000Z",
                last: "2026-03-15T08:58:00.000Z",
            },
        ],
        mail: {waiting: 0, dead: 0},
    };
}
