// The dialects. Standard codes are those that mappings/library ships, so that each has a source there; local ones are invented, and those
// that the map leaves out are meant to be read by nobody.
#include "gateway/synth/dialect.hpp"

#include <algorithm>
#include <array>

namespace trialgate::gateway::synth {

namespace {

constexpr std::string_view loinc = "http://loinc.org", snomed = "http://snomed.info/sct",
                           rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm", icd_cm = "http://hl7.org/fhir/sid/icd-10-cm",
                           icd_gm = "http://fhir.de/CodeSystem/bfarm/icd-10-gm", icd = "http://hl7.org/fhir/sid/icd-10",
                           atc = "http://www.whocc.no/atc", concept_ = "urn:trialgate:concept";
constexpr std::string_view lab_local = "urn:trialgate:synth:code-system:local-lab", gm_local = "urn:trialgate:synth:code-system:klinik";

// ---- us-core: LOINC, SNOMED CT with ICD-10-CM, RxNorm; conventional units ----------------------------------------------------

constexpr auto us_results = std::to_array<result_style>({
    {analyte::ana, form::titer_text, {loinc, "5048-4", "Nuclear Ab [Titer] in Serum by Immunofluorescence"}, "", "", 1, 1, 0, false, true},
    {analyte::dsdna,
     form::quantity,
     {loinc, "33799-8", "DNA double strand IgG Ab by Immunoassay"},
     "IU/mL",
     "[IU]/mL",
     30,
     100,
     1,
     true,
     true},
    {analyte::sm, form::coded, {loinc, "31627-3", "Smith extractable nuclear Ab [Presence] in Serum"}, "", ""},
    {analyte::cardiolipin,
     form::quantity,
     {loinc, "3181-5", "Cardiolipin IgG Ab [Units/volume] in Serum by Immunoassay"},
     "GPL",
     "[GPL'U]/mL",
     1,
     1,
     0,
     true},
    {analyte::lupus_anticoagulant, form::coded, {loinc, "3281-3", "Lupus anticoagulant [Interpretation] in Platelet poor plasma"}, "", ""},
    {analyte::c3, form::quantity, {loinc, "4485-9", "Complement C3 [Mass/volume] in Serum or Plasma"}, "mg/dL", "mg/dL", 1, 1, 0, true},
    {analyte::c4,
     form::quantity,
     {loinc, "4498-2", "Complement C4 [Mass/volume] in Serum or Plasma"},
     "mg/dL",
     "mg/dL",
     1,
     1,
     0,
     true,
     true},
    {analyte::coombs,
     form::coded,
     {loinc, "1007-4", "Direct antiglobulin test.poly specific reagent [Presence] on Red Blood Cells"},
     "",
     ""},
    {analyte::protein, form::quantity, {loinc, "2890-2", "Protein/Creatinine [Mass Ratio] in Urine"}, "mg/g", "mg/g"},
    {analyte::urine_red_cells,
     form::quantity,
     {loinc, "13945-1", "Erythrocytes [#/area] in Urine sediment by Microscopy high power field"},
     "/hpf",
     "/[HPF]"},
    {analyte::urine_white_cells,
     form::quantity,
     {loinc, "5821-4", "Leukocytes [#/area] in Urine sediment by Microscopy high power field"},
     "/hpf",
     "/[HPF]"},
    {analyte::red_cell_casts,
     form::quantity,
     {loinc, "5807-3", "RBC casts [#/area] in Urine sediment by Microscopy low power field"},
     "/lpf",
     "/[LPF]"},
    {analyte::white_cells,
     form::quantity,
     {loinc, "6690-2", "Leukocytes [#/volume] in Blood by Automated count"},
     "K/uL",
     "10*3/uL",
     1,
     1,
     1},
    {analyte::lymphocytes,
     form::quantity,
     {loinc, "731-0", "Lymphocytes [#/volume] in Blood by Automated count"},
     "K/uL",
     "10*3/uL",
     1,
     1,
     1},
    {analyte::platelets, form::quantity, {loinc, "777-3", "Platelets [#/volume] in Blood by Automated count"}, "K/uL", "10*3/uL"},
    {analyte::hemoglobin, form::quantity, {loinc, "718-7", "Hemoglobin [Mass/volume] in Blood"}, "g/dL", "g/dL", 1, 1, 1, true},
    {analyte::reticulocytes,
     form::quantity,
     {loinc, "4679-7", "Reticulocytes/100 erythrocytes in Blood by Automated count"},
     "%",
     "%",
     1,
     1,
     1,
     true},
    {analyte::creatinine, form::quantity, {loinc, "2160-0", "Creatinine [Mass/volume] in Serum or Plasma"}, "mg/dL", "mg/dL", 10, 884, 2},
    {analyte::egfr,
     form::capped,
     {loinc, "98979-8", "GFR/1.73 sq M predicted by Creatinine-based formula (CKD-EPI 2021)"},
     "mL/min/1.73m2",
     "mL/min/{1.73_m2}"},
    {analyte::activity_score, form::quantity, {concept_, "sledai2k.total", "SLEDAI-2K total"}, "{score}", "{score}"},
    {analyte::hcg, form::coded, {loinc, "2106-3", "Choriogonadotropin (pregnancy test) [Presence] in Urine"}, "", ""},
    {analyte::hbsag, form::coded, {loinc, "5196-1", "Hepatitis B virus surface Ag [Presence] in Serum or Plasma by Immunoassay"}, "", ""},
    {analyte::hcv, form::coded, {loinc, "13955-0", "Hepatitis C virus Ab [Presence] in Serum or Plasma by Immunoassay"}, "", ""},
    {analyte::hiv, form::coded, {loinc, "56888-1", "HIV 1+2 Ab+HIV1 p24 Ag [Presence] in Serum or Plasma by Immunoassay"}, "", ""},
    {analyte::consent, form::answer, {concept_, "answer.consent-given", "Informed consent given"}, "", ""},
    {analyte::attendance, form::answer, {concept_, "answer.willing-to-attend", "Willing to attend all visits"}, "", ""},
});

constexpr auto us_findings = std::to_array<finding_style>({
    {finding::rash, {snomed, "95332009", "Rash of systemic lupus erythematosus"}, "", "S1", "15"},
    {finding::subacute, {snomed, "239891002", "Subacute cutaneous lupus erythematosus"}, "", "S1", "15"},
    {finding::subacute, {icd_cm, "L93.1", "Subacute cutaneous lupus erythematosus"}, "", "S1", "15"},
    {finding::discoid, {snomed, "200938002", "Discoid lupus erythematosus"}, "A2", "S2", ""},
    {finding::photosensitivity, {snomed, "90128006", "Photosensitivity"}, "A3", "", ""},
    {finding::ulcers, {snomed, "26284000", "Ulcer of mouth"}, "A4", "S3", "17"},
    {finding::ulcers, {icd_cm, "K12.1", "Other forms of stomatitis"}, "A4", "S3", "17"},
    {finding::hair_loss, {icd_cm, "L65.9", "Nonscarring hair loss, unspecified"}, "", "S4", "16"},
    {finding::arthritis, {snomed, "417373000", "Inflammatory polyarthropathy"}, "A5", "S5", "9"},
    {finding::pericarditis, {snomed, "3238004", "Pericarditis"}, "A6", "S6", "19"},
    {finding::effusion, {snomed, "60046008", "Pleural effusion"}, "A6", "S6", "18"},
    {finding::effusion, {icd_cm, "J90", "Pleural effusion, not elsewhere classified"}, "A6", "S6", "18"},
    {finding::seizure, {snomed, "91175000", "Seizure"}, "A8", "S8", "1"},
    {finding::stroke, {snomed, "230690007", "Cerebrovascular accident"}, "", "", "7"},
    {finding::vasculitis, {snomed, "31996006", "Vasculitis"}, "", "", "8"},
    {finding::hemolysis, {snomed, "413603009", "Autoimmune hemolytic anemia"}, "A9", "S9", ""},
    {finding::nephritis, {snomed, "68815009", "Systemic lupus erythematosus glomerulonephritis syndrome"}, "", "", ""},
    {finding::nephritis, {icd_cm, "M32.14", "Glomerular disease in systemic lupus erythematosus"}, "", "", ""},
    {finding::pneumonia, {snomed, "233604007", "Pneumonia"}, "", "", ""},
    {finding::urinary_infection, {icd_cm, "N39.0", "Urinary tract infection, site not specified"}, "", "", ""},
    {finding::tuberculosis, {icd_cm, "A15.0", "Tuberculosis of lung"}, "", "", ""},
    {finding::pregnancy, {snomed, "77386006", "Pregnancy"}, "", "", ""},
    {finding::kidney_stage_4, {icd_cm, "N18.4", "Chronic kidney disease, stage 4 (severe)"}, "", "", ""},
    {finding::sclerosis, {snomed, "89155008", "Systemic sclerosis"}, "", "", ""},
    {finding::sjogren, {icd_cm, "M35.00", "Sjogren syndrome, unspecified"}, "", "", ""},
});

constexpr auto us_drugs = std::to_array<drug_style>({
    {drug::hydroxychloroquine, {rxnorm, "5521", "hydroxychloroquine"}},
    {drug::chloroquine, {rxnorm, "2393", "chloroquine"}},
    {drug::azathioprine, {rxnorm, "1256", "azathioprine"}},
    {drug::mycophenolate, {rxnorm, "68149", "mycophenolate mofetil"}},
    {drug::methotrexate, {rxnorm, "6851", "methotrexate"}},
    {drug::cyclophosphamide, {rxnorm, "3002", "cyclophosphamide"}},
    {drug::tacrolimus, {rxnorm, "42316", "tacrolimus"}},
    {drug::steroid, {rxnorm, "8640", "prednisone"}},
    {drug::belimumab, {rxnorm, "1092437", "belimumab"}},
    {drug::rituximab, {rxnorm, "121191", "rituximab"}},
    {drug::warfarin, {rxnorm, "11289", "warfarin"}},
    {drug::hydralazine, {rxnorm, "5470", "hydralazine"}},
});

constexpr auto us_disease = std::to_array<code>(
    {{snomed, "55464009", "Systemic lupus erythematosus"}, {icd_cm, "M32.9", "Systemic lupus erythematosus, unspecified"}}
);
constexpr auto us_remission = std::to_array<code>({{snomed, "698694005", "Systemic lupus erythematosus in remission"}});
constexpr auto us_unclear = std::to_array<code>({{snomed, "200936003", "Lupus erythematosus"}});
constexpr auto us_drug_induced = std::to_array<code>(
    {{snomed, "80258006", "Drug-induced lupus erythematosus"}, {icd_cm, "M32.0", "Drug-induced systemic lupus erythematosus"}}
);

// ---- german: ICD-10-GM, ATC, SI units; results as text with a decimal comma; scores under local codes ------------------------

constexpr auto german_results = std::to_array<result_style>({
    {analyte::ana, form::titer_text, {loinc, "5048-4", "ANA-Titer (IFT)"}, "", ""},
    {analyte::dsdna, form::quantity, {loinc, "5130-0", "Anti-dsDNS-AK"}, "IE/ml", "[IU]/mL", 10, 100, 1, true},
    {analyte::sm, form::word, {loinc, "31627-3", "Anti-Sm-AK"}, "", ""},
    {analyte::cardiolipin, form::quantity, {loinc, "3181-5", "Cardiolipin-IgG-AK"}, "GPL-U/ml", "[GPL'U]/mL", 1, 1, 0, true},
    {analyte::lupus_anticoagulant, form::word, {loinc, "3281-3", "Lupusantikoagulans"}, "", ""},
    {analyte::c3, form::quantity, {loinc, "4485-9", "Komplement C3"}, "g/l", "g/L", 1, 100, 2, true},
    {analyte::c4, form::quantity, {loinc, "4498-2", "Komplement C4"}, "g/l", "g/L", 1, 100, 2, true},
    {analyte::coombs, form::word, {loinc, "1007-4", "Direkter Coombstest"}, "", ""},
    {analyte::protein, form::quantity, {loinc, "2889-4", "Protein im 24-h-Urin"}, "g/24h", "g/(24.h)", 1, 1000, 3},
    {analyte::urine_red_cells, form::range_text, {loinc, "13945-1", "Erythrozyten im Sediment"}, "/GF", "/[HPF]"},
    {analyte::urine_white_cells, form::range_text, {loinc, "5821-4", "Leukozyten im Sediment"}, "/GF", "/[HPF]"},
    {analyte::red_cell_casts, form::quantity, {loinc, "5807-3", "Erythrozytenzylinder"}, "/lpf", "/[LPF]"},
    {analyte::white_cells, form::text, {loinc, "26464-8", "Leukozyten"}, "G/l", "", 1, 1, 1},
    {analyte::lymphocytes, form::text, {loinc, "26474-7", "Lymphozyten absolut"}, "G/l", "", 1, 1, 1},
    {analyte::platelets, form::text, {loinc, "26515-7", "Thrombozyten"}, "G/l", ""},
    {analyte::hemoglobin, form::quantity, {loinc, "718-7", "Hämoglobin"}, "g/dl", "g/dL", 1, 1, 1, true},
    {analyte::reticulocytes, form::quantity, {loinc, "4679-7", "Retikulozyten"}, "%", "%", 1, 1, 1, true},
    {analyte::creatinine, form::text, {loinc, "14682-9", "Kreatinin"}, "µmol/l", ""},
    {analyte::activity_score, form::integer, {gm_local, "SLEDAI", "SLEDAI-2K Summe"}, "", ""},
    {analyte::hcg, form::word, {loinc, "2106-3", "Schwangerschaftstest im Urin"}, "", ""},
    {analyte::hbsag, form::word, {loinc, "5196-1", "HBs-Antigen"}, "", ""},
    {analyte::hcv, form::word, {loinc, "13955-0", "Anti-HCV"}, "", ""},
    {analyte::hiv, form::word, {loinc, "56888-1", "HIV-Suchtest"}, "", ""},
    {analyte::consent, form::answer, {gm_local, "EINW", "Einwilligung liegt vor"}, "", ""},
    {analyte::attendance, form::answer, {gm_local, "TERM", "Bereit zu allen Visiten"}, "", ""},
});

constexpr auto german_findings = std::to_array<finding_style>({
    {finding::rash, {"", "", "Exanthem bei SLE"}, "", "", ""},
    {finding::subacute, {icd_gm, "L93.1", "Subakuter Lupus erythematodes cutaneus"}, "", "S1", "15"},
    {finding::discoid, {icd_gm, "L93.0", "Diskoider Lupus erythematodes"}, "", "", "15"},
    {finding::photosensitivity,
     {icd_gm, "L56.8", "Sonstige näher bezeichnete akute Hautveränderungen durch Ultraviolettstrahlen"},
     "A3",
     "",
     ""},
    {finding::ulcers, {icd_gm, "K12.1", "Sonstige Formen der Stomatitis"}, "A4", "S3", "17"},
    {finding::hair_loss, {icd_gm, "L65.9", "Haarausfall ohne Narbenbildung, nicht näher bezeichnet"}, "", "S4", "16"},
    {finding::arthritis, {icd_gm, "M13.0", "Polyarthritis, nicht näher bezeichnet"}, "A5", "S5", "9"},
    {finding::pericarditis, {icd_gm, "I30.9", "Akute Perikarditis, nicht näher bezeichnet"}, "A6", "S6", "19"},
    {finding::effusion, {icd_gm, "J90", "Pleuraerguss, anderenorts nicht klassifiziert"}, "A6", "S6", "18"},
    {finding::seizure, {icd_gm, "R56.8", "Sonstige und nicht näher bezeichnete Krämpfe"}, "A8", "S8", "1"},
    {finding::stroke, {icd_gm, "I63.9", "Hirninfarkt, nicht näher bezeichnet"}, "", "", "7"},
    {finding::vasculitis, {icd_gm, "L95.9", "Vaskulitis, die auf die Haut begrenzt ist, nicht näher bezeichnet"}, "", "", "8"},
    {finding::hemolysis, {icd_gm, "D59.1", "Sonstige autoimmunhämolytische Anämien"}, "A9", "S9", ""},
    {finding::nephritis, {icd_gm, "M32.1", "Systemischer Lupus erythematodes mit Beteiligung von Organen oder Organsystemen"}, "", "", ""},
    {finding::pneumonia, {icd_gm, "J18.9", "Pneumonie, nicht näher bezeichnet"}, "", "", ""},
    {finding::urinary_infection, {icd_gm, "N39.0", "Harnwegsinfektion, Lokalisation nicht näher bezeichnet"}, "", "", ""},
    {finding::tuberculosis, {icd_gm, "A15.0", "Lungentuberkulose"}, "", "", ""},
    {finding::pregnancy, {icd_gm, "Z33", "Schwangerschaftsfeststellung als Nebenbefund"}, "", "", ""},
    {finding::kidney_stage_4, {icd_gm, "N18.4", "Chronische Nierenkrankheit, Stadium 4"}, "", "", ""},
    {finding::sclerosis, {icd_gm, "M34.9", "Systemische Sklerose, nicht näher bezeichnet"}, "", "", ""},
    {finding::sjogren, {icd_gm, "M35.0", "Sicca-Syndrom [Sjögren-Syndrom]"}, "", "", ""},
});

constexpr auto atc_drugs = std::to_array<drug_style>({
    {drug::hydroxychloroquine, {atc, "P01BA02", "Hydroxychloroquin"}},
    {drug::chloroquine, {atc, "P01BA01", "Chloroquin"}},
    {drug::azathioprine, {atc, "L04AX01", "Azathioprin"}},
    {drug::mycophenolate, {atc, "L04AA06", "Mycophenolsäure"}},
    {drug::methotrexate, {atc, "L04AX03", "Methotrexat"}},
    {drug::cyclophosphamide, {"", "", "Endoxan 1 g i.v."}},
    {drug::tacrolimus, {atc, "L04AD02", "Tacrolimus"}},
    {drug::steroid, {atc, "H02AB06", "Prednisolon"}},
    {drug::belimumab, {atc, "L04AG04", "Belimumab"}},
    {drug::rituximab, {atc, "L01FA01", "Rituximab"}},
    {drug::warfarin, {atc, "B01AA03", "Warfarin"}},
    {drug::hydralazine, {atc, "C02DB02", "Hydralazin"}},
});

constexpr auto german_disease = std::to_array<code>({{icd_gm, "M32.9", "Systemischer Lupus erythematodes, nicht näher bezeichnet"}});
constexpr auto german_drug_induced = std::to_array<code>({{icd_gm, "M32.0", "Arzneimittelinduzierter systemischer Lupus erythematodes"}});
constexpr auto german_map = std::to_array<dialect::mapped>({
    {"SLEDAI", concept_, "sledai2k.total"},
    {"EINW", concept_, "answer.consent-given"},
    {"TERM", concept_, "answer.willing-to-attend"},
});

// ---- local-lab: codes of its own, a text and an interpretation, never a number; some codes mapped, some not -------------------

constexpr auto lab_results = std::to_array<result_style>({
    {analyte::ana, form::flag, {lab_local, "ANAT", "ANA titre"}, "", "", 1, 1, 0, false, true, reads::nothing},
    {analyte::dsdna, form::flag, {lab_local, "DNSAK", "ds-DNA antibodies"}, "", "", 1, 1, 0, false, true, reads::sign},
    {analyte::sm, form::flag, {lab_local, "SMAK", "Sm antibodies"}, "", "", 1, 1, 0, false, true, reads::sign},
    {analyte::cardiolipin, form::flag, {lab_local, "ACLG", "Cardiolipin IgG"}, "", "", 1, 1, 0, false, true, reads::sign},
    {analyte::lupus_anticoagulant, form::flag, {lab_local, "LAC", "Lupus anticoagulant"}, "", "", 1, 1, 0, false, true, reads::nothing},
    {analyte::c3, form::flag, {lab_local, "C3", "Complement C3"}, "", "", 1, 1, 0, false, true, reads::sign},
    {analyte::c4, form::flag, {lab_local, "C4", "Complement C4"}, "", "", 1, 1, 0, false, true, reads::sign},
    {analyte::coombs, form::flag, {lab_local, "DCT", "Direct Coombs"}, "", "", 1, 1, 0, false, true, reads::sign},
    {analyte::protein, form::flag, {lab_local, "UPCR", "Urine protein per creatinine"}, "", "", 1, 1, 0, false, true, reads::sign},
    {analyte::white_cells, form::flag, {lab_local, "WBC", "White cells"}, "", "", 1, 1, 0, false, true, reads::sign},
    {analyte::lymphocytes, form::flag, {lab_local, "LYM", "Lymphocytes"}, "", "", 1, 1, 0, false, true, reads::nothing},
    {analyte::platelets, form::flag, {lab_local, "PLT", "Platelets"}, "", "", 1, 1, 0, false, true, reads::sign},
    {analyte::reticulocytes, form::flag, {lab_local, "RET", "Reticulocytes"}, "", "", 1, 1, 0, false, true, reads::sign},
    {analyte::creatinine, form::flag, {lab_local, "CREA", "Creatinine"}, "", "", 1, 1, 0, false, true, reads::sign},
    {analyte::egfr, form::flag, {lab_local, "GFR", "eGFR"}, "", "", 1, 1, 0, false, true, reads::nothing},
});

constexpr auto lab_findings = std::to_array<finding_style>({
    {finding::rash, {"", "", "skin rash"}, "", "", ""},
    {finding::subacute, {icd, "L93.1", "Subacute cutaneous lupus erythematosus"}, "", "S1", "15"},
    {finding::discoid, {icd, "L93.0", "Discoid lupus erythematosus"}, "", "", "15"},
    {finding::photosensitivity, {"", "", "sun sensitive"}, "", "", ""},
    {finding::ulcers, {icd, "K12.1", "Other forms of stomatitis"}, "A4", "S3", "17"},
    {finding::hair_loss, {"", "", "hair loss"}, "", "", ""},
    {finding::arthritis, {icd, "M13.0", "Polyarthritis, unspecified"}, "A5", "S5", "9"},
    {finding::pericarditis, {icd, "I30.9", "Acute pericarditis, unspecified"}, "A6", "S6", "19"},
    {finding::effusion, {icd, "J90", "Pleural effusion, not elsewhere classified"}, "A6", "S6", "18"},
    {finding::seizure, {icd, "R56.8", "Other and unspecified convulsions"}, "A8", "S8", "1"},
    {finding::stroke, {icd, "I63.9", "Cerebral infarction, unspecified"}, "", "", "7"},
    {finding::vasculitis, {"", "", "vasculitic lesions"}, "", "", ""},
    {finding::hemolysis, {icd, "D59.1", "Other autoimmune haemolytic anaemias"}, "A9", "S9", ""},
    {finding::nephritis, {icd, "M32.1", "Systemic lupus erythematosus with organ or system involvement"}, "", "", ""},
    {finding::pneumonia, {icd, "J18.9", "Pneumonia, unspecified"}, "", "", ""},
    {finding::urinary_infection, {icd, "N39.0", "Urinary tract infection, site not specified"}, "", "", ""},
    {finding::tuberculosis, {icd, "A15.0", "Tuberculosis of lung"}, "", "", ""},
    {finding::pregnancy, {"", "", "pregnant"}, "", "", ""},
    {finding::kidney_stage_4, {icd, "N18.4", "Chronic kidney disease, stage 4"}, "", "", ""},
    {finding::sclerosis, {icd, "M34.9", "Systemic sclerosis, unspecified"}, "", "", ""},
    {finding::sjogren, {icd, "M35.0", "Sicca syndrome [Sjogren]"}, "", "", ""},
});

constexpr auto named_drugs = std::to_array<drug_style>({
    {drug::hydroxychloroquine, {"", "", "Plaquenil 200 mg tabs"}},
    {drug::chloroquine, {"", "", "Resochin 250 mg"}},
    {drug::azathioprine, {"", "", "Imuran 50 mg"}},
    {drug::mycophenolate, {"", "", "CellCept 500 mg"}},
    {drug::methotrexate, {"", "", "Methotrexate 15 mg weekly"}},
    {drug::cyclophosphamide, {"", "", "Cyclophosphamide infusion"}},
    {drug::tacrolimus, {"", "", "Prograf 1 mg"}},
    {drug::steroid, {"", "", "Prednisolone 5 mg"}},
    {drug::belimumab, {"", "", "Benlysta"}},
    {drug::rituximab, {"", "", "MabThera"}},
    {drug::warfarin, {"", "", "Coumadin 5 mg"}},
    {drug::hydralazine, {"", "", "Hydralazine 25 mg"}},
});

constexpr auto lab_disease = std::to_array<code>({{icd, "M32.9", "Systemic lupus erythematosus, unspecified"}});
constexpr auto lab_drug_induced = std::to_array<code>({{icd, "M32.0", "Drug-induced systemic lupus erythematosus"}});
constexpr auto lab_map = std::to_array<dialect::mapped>({
    {"DNSAK", loinc, "31348-6"},
    {"SMAK", loinc, "31627-3"},
    {"ACLG", loinc, "3181-5"},
    {"C3", loinc, "4485-9"},
    {"C4", loinc, "4498-2"},
    {"DCT", loinc, "1007-4"},
    {"UPCR", loinc, "2890-2"},
    {"WBC", loinc, "6690-2"},
    {"PLT", loinc, "777-3"},
    {"RET", loinc, "4679-7"},
    {"CREA", loinc, "2160-0"},
});

// ---- nordic-r5: R5, SNOMED CT, ATC, SI units, anti-dsDNA by Crithidia -------------------------------------------------------

constexpr auto nordic_results = std::to_array<result_style>({
    {analyte::ana, form::titer_quantity, {loinc, "29953-7", "Nuclear Ab [Titer] in Serum"}, "{titer}", "{titer}", 1, 1, 0, false, true},
    {analyte::dsdna,
     form::coded,
     {loinc, "58466-4", "DNA double strand Ab by Crithidia luciliae immunofluorescence"},
     "",
     "",
     1,
     1,
     0,
     false,
     false,
     reads::sign},
    {analyte::sm, form::coded, {loinc, "5356-1", "Smith extractable nuclear Ab [Presence] in Serum by Immunoassay"}, "", ""},
    {analyte::cardiolipin,
     form::quantity,
     {loinc, "8065-5", "Cardiolipin IgG Ab [Units/volume] in Serum or Plasma"},
     "GPL/mL",
     "[GPL'U]/mL",
     1,
     1,
     0,
     true},
    {analyte::lupus_anticoagulant, form::coded, {loinc, "3281-3", "Lupus anticoagulant [Interpretation] in Platelet poor plasma"}, "", ""},
    {analyte::c3, form::quantity, {loinc, "4485-9", "Complement C3 [Mass/volume] in Serum or Plasma"}, "g/L", "g/L", 1, 100, 2, true, true},
    {analyte::c4, form::quantity, {loinc, "4498-2", "Complement C4 [Mass/volume] in Serum or Plasma"}, "g/L", "g/L", 1, 100, 2, true, true},
    {analyte::coombs,
     form::coded,
     {loinc, "1007-4", "Direct antiglobulin test.poly specific reagent [Presence] on Red Blood Cells"},
     "",
     ""},
    {analyte::protein, form::quantity, {loinc, "34366-5", "Protein/Creatinine [Ratio] in Urine"}, "mg/mmol", "mg/mmol", 707, 6250, 2},
    {analyte::urine_red_cells,
     form::range_text,
     {loinc, "13945-1", "Erythrocytes [#/area] in Urine sediment by Microscopy high power field"},
     "/hpf",
     "/[HPF]"},
    {analyte::urine_white_cells,
     form::quantity,
     {loinc, "5821-4", "Leukocytes [#/area] in Urine sediment by Microscopy high power field"},
     "/hpf",
     "/[HPF]"},
    {analyte::red_cell_casts,
     form::quantity,
     {loinc, "5807-3", "RBC casts [#/area] in Urine sediment by Microscopy low power field"},
     "/lpf",
     "/[LPF]"},
    {analyte::white_cells, form::quantity, {loinc, "26464-8", "Leukocytes [#/volume] in Blood"}, "10*9/L", "10*9/L", 1, 1, 1},
    {analyte::lymphocytes, form::quantity, {loinc, "26474-7", "Lymphocytes [#/volume] in Blood"}, "10*9/L", "10*9/L", 1, 1, 1},
    {analyte::platelets, form::quantity, {loinc, "26515-7", "Platelets [#/volume] in Blood"}, "10*9/L", "10*9/L"},
    {analyte::hemoglobin, form::quantity, {loinc, "718-7", "Hemoglobin [Mass/volume] in Blood"}, "g/L", "g/L", 10, 1, 0, true},
    {analyte::reticulocytes,
     form::quantity,
     {loinc, "4679-7", "Reticulocytes/100 erythrocytes in Blood by Automated count"},
     "%",
     "%",
     1,
     1,
     1,
     true},
    {analyte::creatinine, form::quantity, {loinc, "14682-9", "Creatinine [Moles/volume] in Serum or Plasma"}, "umol/L", "umol/L"},
    {analyte::egfr,
     form::capped_text,
     {loinc, "98979-8", "GFR/1.73 sq M predicted by Creatinine-based formula (CKD-EPI 2021)"},
     "mL/min/1,73 m2",
     ""},
    {analyte::activity_score, form::integer, {concept_, "sledai2k.total", "SLEDAI-2K total"}, "", ""},
    {analyte::hcg, form::coded, {loinc, "2106-3", "Choriogonadotropin (pregnancy test) [Presence] in Urine"}, "", ""},
    {analyte::hbsag, form::coded, {loinc, "5196-1", "Hepatitis B virus surface Ag [Presence] in Serum or Plasma by Immunoassay"}, "", ""},
    {analyte::hcv, form::coded, {loinc, "13955-0", "Hepatitis C virus Ab [Presence] in Serum or Plasma by Immunoassay"}, "", ""},
    {analyte::hiv, form::coded, {loinc, "56888-1", "HIV 1+2 Ab+HIV1 p24 Ag [Presence] in Serum or Plasma by Immunoassay"}, "", ""},
    {analyte::consent, form::answer, {concept_, "answer.consent-given", "Informed consent given"}, "", ""},
    {analyte::attendance, form::answer, {concept_, "answer.willing-to-attend", "Willing to attend all visits"}, "", ""},
});

constexpr auto nordic_findings = std::to_array<finding_style>({
    {finding::rash, {snomed, "95332009", "Rash of systemic lupus erythematosus"}, "", "S1", "15"},
    {finding::subacute, {snomed, "239891002", "Subacute cutaneous lupus erythematosus"}, "", "S1", "15"},
    {finding::discoid, {snomed, "238927000", "Chronic discoid lupus erythematosus"}, "A2", "S2", ""},
    {finding::photosensitivity, {snomed, "22649008", "Photodermatitis"}, "A3", "", ""},
    {finding::ulcers, {snomed, "26284000", "Ulcer of mouth"}, "A4", "S3", "17"},
    {finding::hair_loss, {snomed, "278040002", "Loss of hair"}, "", "S4", "16"},
    {finding::arthritis, {snomed, "417373000", "Inflammatory polyarthropathy"}, "A5", "S5", "9"},
    {finding::pericarditis, {snomed, "3238004", "Pericarditis"}, "A6", "S6", "19"},
    {finding::effusion, {snomed, "60046008", "Pleural effusion"}, "A6", "S6", "18"},
    {finding::seizure, {snomed, "91175000", "Seizure"}, "A8", "S8", "1"},
    {finding::stroke, {snomed, "432504007", "Cerebral infarction"}, "", "", "7"},
    {finding::vasculitis, {snomed, "31996006", "Vasculitis"}, "", "", "8"},
    {finding::hemolysis, {snomed, "413603009", "Autoimmune hemolytic anemia"}, "A9", "S9", ""},
    {finding::nephritis, {snomed, "76521009", "Lupus nephritis - WHO Class III"}, "", "", ""},
    {finding::pneumonia, {snomed, "233604007", "Pneumonia"}, "", "", ""},
    {finding::urinary_infection, {snomed, "68566005", "Urinary tract infectious disease"}, "", "", ""},
    {finding::tuberculosis, {icd, "A15.0", "Tuberculosis of lung"}, "", "", ""},
    {finding::pregnancy, {snomed, "77386006", "Pregnancy"}, "", "", ""},
    {finding::kidney_stage_4, {icd, "N18.4", "Chronic kidney disease, stage 4"}, "", "", ""},
    {finding::sclerosis, {snomed, "89155008", "Systemic sclerosis"}, "", "", ""},
    {finding::sjogren, {icd, "M35.0", "Sicca syndrome [Sjogren]"}, "", "", ""},
});

constexpr auto nordic_disease = std::to_array<code>({{snomed, "55464009", "Systemic lupus erythematosus"}});
constexpr auto nordic_drug_induced = std::to_array<code>({{snomed, "201436003", "Drug-induced systemic lupus erythematosus"}});

const auto all_dialects = std::to_array<dialect>({
    {"us-core",
     "LOINC, SNOMED CT with ICD-10-CM, RxNorm; conventional units; orders and supplies of drugs",
     release::r4,
     "en",
     "-05:00",
     10,
     drug_form::order_and_supply,
     assay::number,
     "",
     us_results,
     us_findings,
     us_drugs,
     us_disease,
     us_remission,
     us_unclear,
     us_drug_induced,
     {}},
    {"german", "LOINC, ICD-10-GM, ATC; SI units, text with decimal commas, titers as text; local codes for scores, with a map", release::r4,
     "de", "+01:00", 14, drug_form::statement, assay::number, gm_local, german_results, german_findings, atc_drugs, german_disease,
     german_disease, german_disease, german_drug_induced, german_map},
    {"local-lab", "local codes with an interpretation and no number, some of them mapped; ICD-10; drugs by name", release::r4, "en", "Z",
     12, drug_form::order, assay::not_known, lab_local, lab_results, lab_findings, named_drugs, lab_disease, lab_disease, lab_disease,
     lab_drug_induced, lab_map},
    {"nordic-r5",
     "FHIR R5; LOINC, SNOMED CT, ATC; SI units; anti-dsDNA by Crithidia",
     release::r5,
     "en",
     "+02:00",
     14,
     drug_form::statement,
     assay::reference_method,
     "",
     nordic_results,
     nordic_findings,
     atc_drugs,
     nordic_disease,
     us_remission,
     us_unclear,
     nordic_drug_induced,
     {}},
});

} // namespace

const result_style* dialect::style_of(analyte what) const noexcept {
    const auto at = std::find_if(results.begin(), results.end(), [what](const result_style& s) { return s.what == what; });
    return at == results.end() ? nullptr : &*at;
}

const drug_style* dialect::style_of(drug what) const noexcept {
    const auto at = std::find_if(drugs.begin(), drugs.end(), [what](const drug_style& s) { return s.what == what; });
    return at == drugs.end() ? nullptr : &*at;
}

reads dialect::readable(analyte what) const noexcept {
    const result_style* s = style_of(what);
    return s ? s->readable : reads::nothing;
}

std::span<const dialect> dialects() noexcept {
    return all_dialects;
}

const dialect* find_dialect(std::string_view name) noexcept {
    const auto at = std::find_if(all_dialects.begin(), all_dialects.end(), [name](const dialect& d) { return d.name == name; });
    return at == all_dialects.end() ? nullptr : &*at;
}

} // namespace trialgate::gateway::synth
