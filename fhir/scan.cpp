#include "fhir/scan.hpp"

#include "fhir/scan_kernels.hpp"
#include "fhir/scan_text.hpp"

namespace trialgate::fhir::scan {

namespace detail {

namespace {

/// Walks JSON text by whole tokens and values. Each step says whether the text was of the shape asked for;
/// after a refusal the place is of no use. Values are delimited, not validated.
class cursor {
public:
    cursor(std::string_view text, const kernel& k) noexcept
        : at_(text.data()), end_(text.data() + text.size()), kernel_(&k) {}

    void blanks() noexcept {
        while (at_ != end_ && is_blank(*at_))
            ++at_;
    }
    bool done() const noexcept { return at_ == end_; }
    bool next_is(char c) const noexcept { return at_ != end_ && *at_ == c; }
    bool eat(char c) noexcept {
        if (!next_is(c))
            return false;
        ++at_;
        return true;
    }

    /// A string whose text is written as it is, without escapes.
    bool plain_string(std::string_view& text) noexcept {
        if (!eat('"'))
            return false;
        const char* const close = quote_or_backslash(at_, end_);
        if (close == end_ || *close == '\\')
            return false;
        text = {at_, static_cast<std::size_t>(close - at_)};
        at_ = close + 1;
        return true;
    }

    /// Likewise, for what a reader would cut white space from: there is none.
    bool plain_token(std::string_view& text) noexcept {
        return plain_string(text) && (text.empty() || (text.front() > ' ' && text.back() > ' '));
    }

    /// A key without escapes and its colon, up to the value.
    bool key(std::string_view& name) noexcept {
        if (!plain_string(name))
            return false;
        blanks();
        if (!eat(':'))
            return false;
        blanks();
        return true;
    }

    bool skip_value() noexcept {
        if (at_ == end_)
            return false;
        if (*at_ == '{' || *at_ == '[') {
            at_ = kernel_->skip(at_, end_);
            return at_ != nullptr;
        }
        return *at_ == '"' ? skip_string() : skip_scalar();
    }
    bool value(std::string_view& text) noexcept {
        const char* const from = at_;
        if (!skip_value())
            return false;
        text = {from, static_cast<std::size_t>(at_ - from)};
        return true;
    }

    /// After a member or an element: true when another one follows; `ok` is false when neither a comma nor
    /// `close` does.
    bool more(char close, bool& ok) noexcept {
        blanks();
        const bool comma = eat(',');
        ok = comma || eat(close);
        blanks();
        return comma;
    }

private:
    bool skip_string() noexcept {
        ++at_;
        for (;;) {
            at_ = quote_or_backslash(at_, end_);
            if (at_ == end_)
                return false;
            if (*at_ == '"') {
                ++at_;
                return true;
            }
            if (end_ - at_ < 2)
                return false;
            at_ += 2;
        }
    }
    bool skip_scalar() noexcept {
        const char* const from = at_;
        while (at_ != end_ && *at_ != ',' && *at_ != '}' && *at_ != ']' && *at_ != ':' && *at_ != '"' &&
               !is_blank(*at_))
            ++at_;
        return at_ != from;
    }

    const char* at_;
    const char* end_;
    const kernel* kernel_;
};

/// The outer members of a resource that `look` wants. Of equal keys the first counts, as for the JSON reader.
struct outer_members {
    std::string_view type, id, version_id, last_updated;
    bool has_type = false;
    bool has_id = false;
    bool has_meta = false;
};

// With `text` at the '{' of a meta object.
bool read_meta(cursor& text, outer_members& out) noexcept {
    out.has_meta = true;
    if (!text.eat('{'))
        return false;
    text.blanks();
    if (text.eat('}'))
        return true;
    bool has_version = false;
    bool has_updated = false;
    for (bool ok = true;;) {
        std::string_view name;
        if (!text.key(name))
            return false;
        if (name == "versionId" && !has_version) {
            has_version = true;
            ok = text.plain_token(out.version_id);
        } else if (name == "lastUpdated" && !has_updated) {
            has_updated = true;
            ok = text.plain_token(out.last_updated);
        } else {
            ok = text.skip_value();
        }
        if (!ok)
            return false;
        if (!text.more('}', ok))
            return ok;
    }
}

enum class extent : std::uint8_t {
    head, ///< up to the first member that is not wanted
    whole,
};

// False when an outer member is not of the usual shape: an escaped key, an id that is no string, ...
bool read_outer(std::string_view object, extent how_far, outer_members& out, const kernel& k) noexcept {
    cursor text(object, k);
    if (!text.eat('{'))
        return false;
    text.blanks();
    if (text.eat('}'))
        return text.done();
    for (bool ok = true;;) {
        std::string_view name;
        if (!text.key(name))
            return false;
        if (name == "resourceType" && !out.has_type) {
            out.has_type = true;
            ok = text.plain_token(out.type);
        } else if (name == "id" && !out.has_id) {
            out.has_id = true;
            ok = text.plain_token(out.id);
        } else if (name == "meta" && !out.has_meta) {
            ok = read_meta(text, out);
        } else if (how_far == extent::head) {
            return true;
        } else {
            ok = text.skip_value();
        }
        if (!ok)
            return false;
        if (!text.more('}', ok))
            return ok && text.done();
    }
}

std::string_view without_blanks(std::string_view s) noexcept {
    if (s.starts_with("\xEF\xBB\xBF"))
        s.remove_prefix(3);
    while (!s.empty() && is_blank(s.front()))
        s.remove_prefix(1);
    while (!s.empty() && is_blank(s.back()))
        s.remove_suffix(1);
    return s;
}

glimpse answer(finding found, const outer_members& outer) noexcept {
    return {found, outer.type, outer.id, outer.version_id, outer.last_updated};
}

} // namespace

glimpse look(std::string_view text, const interest& wanted, const kernel& k) noexcept {
    const std::string_view object = without_blanks(text);
    if (object.size() < 2 || object.front() != '{' || object.back() != '}')
        return answer(finding::broken, {});

    outer_members outer;
    if (!read_outer(object, extent::head, outer, k))
        return answer(finding::unsure, outer);
    if (!outer.has_type) {
        outer = {};
        if (!read_outer(object, extent::whole, outer, k) || !outer.has_type)
            return answer(finding::unsure, outer);
    }
    if (wanted.never(outer.type))
        return answer(finding::irrelevant, outer);
    if (wanted.type(outer.type) || wanted.by_words(outer.type))
        return answer(finding::relevant, outer);

    const sweep_result swept = k.sweep(object, outer.has_meta ? keys::code : keys::code_and_meta, wanted);
    if (swept.codes != finding::irrelevant)
        return answer(swept.codes, outer);
    if (!swept.braces_pair)
        return answer(finding::unsure, outer);
    if (!outer.has_id || (!outer.has_meta && swept.meta_seen)) {
        outer = {};
        if (!read_outer(object, extent::whole, outer, k))
            return answer(finding::unsure, outer);
    }
    return answer(outer.id.empty() ? finding::unsure : finding::irrelevant, outer);
}

std::optional<std::size_t> balanced_length(std::string_view text, const kernel& k) noexcept {
    if (text.empty() || (text.front() != '{' && text.front() != '['))
        return std::nullopt;
    const char* const after = k.skip(text.data(), text.data() + text.size());
    if (after == nullptr)
        return std::nullopt;
    return static_cast<std::size_t>(after - text.data());
}

namespace {

bool each_element(cursor& text, const std::function<void(std::string_view)>& entry) {
    if (!text.eat('['))
        return false;
    text.blanks();
    if (text.eat(']'))
        return true;
    for (bool ok = true;;) {
        std::string_view element;
        if (!text.value(element))
            return false;
        entry(element);
        if (!text.more(']', ok))
            return ok;
    }
}

} // namespace

bool for_each_entry(
    std::string_view bundle, const kernel& k,
    const std::function<void(std::string_view, std::string_view)>& head,
    const std::function<void(std::string_view)>& entry
) {
    cursor text(without_blanks(bundle), k);
    if (!text.eat('{'))
        return false;
    text.blanks();
    if (text.eat('}'))
        return text.done();
    bool entries_seen = false;
    for (bool ok = true;;) {
        std::string_view name;
        if (!text.key(name))
            return false;
        if (name == "entry") {
            if (entries_seen || !each_element(text, entry))
                return false;
            entries_seen = true;
        } else {
            std::string_view value;
            if (!text.value(value))
                return false;
            head(name, value);
        }
        if (!text.more('}', ok))
            return ok && text.done();
    }
}

} // namespace detail

glimpse look(std::string_view object, const interest& wanted) noexcept {
    return detail::look(object, wanted, *detail::kernels().front());
}

std::optional<std::size_t> balanced_length(std::string_view text) noexcept {
    return detail::balanced_length(text, *detail::kernels().front());
}

bool for_each_entry(
    std::string_view bundle, const std::function<void(std::string_view key, std::string_view value)>& head,
    const std::function<void(std::string_view entry)>& entry
) {
    return detail::for_each_entry(bundle, *detail::kernels().front(), head, entry);
}

} // namespace trialgate::fhir::scan
