#include "gateway/core/json_text.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace trialgate::gateway {

struct json_text::state {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
};

namespace {
rapidjson::SizeType size_of(std::string_view s) { return static_cast<rapidjson::SizeType>(s.size()); }
const char* data_of(std::string_view s) { return s.empty() ? "" : s.data(); }
} // namespace

json_text::json_text() : state_(std::make_unique<state>()) {}
json_text::~json_text() = default;

json_text& json_text::begin_object() { return state_->writer.StartObject(), *this; }
json_text& json_text::end_object() { return state_->writer.EndObject(), *this; }
json_text& json_text::begin_array() { return state_->writer.StartArray(), *this; }
json_text& json_text::end_array() { return state_->writer.EndArray(), *this; }
json_text& json_text::key(std::string_view name) { return state_->writer.Key(data_of(name), size_of(name)), *this; }
json_text& json_text::string(std::string_view v) { return state_->writer.String(data_of(v), size_of(v)), *this; }
json_text& json_text::boolean(bool v) { return state_->writer.Bool(v), *this; }
json_text& json_text::number(std::int64_t v) { return state_->writer.Int64(v), *this; }
json_text& json_text::null() { return state_->writer.Null(), *this; }
json_text& json_text::json(std::string_view v) { return state_->writer.RawValue(data_of(v), v.size(), rapidjson::kObjectType), *this; }
json_text& json_text::copy(fhir::json::value v) {
    using fhir::json::kind;
    switch (v.type()) {
    case kind::missing:
    case kind::null: return null();
    case kind::boolean: return boolean(v.as_bool());
    case kind::number: return state_->writer.RawValue(v.text().data(), v.text().size(), rapidjson::kNumberType), *this;
    case kind::string: return string(v.text());
    case kind::array:
        begin_array();
        for (const fhir::json::value& e : v.elements())
            copy(e);
        return end_array();
    case kind::object:
        begin_object();
        for (const fhir::json::member& m : v.members())
            key(m.name).copy(m.content);
        return end_object();
    }
    return *this;
}
std::string_view json_text::text() const { return {state_->buffer.GetString(), state_->buffer.GetSize()}; }

} // namespace trialgate::gateway
