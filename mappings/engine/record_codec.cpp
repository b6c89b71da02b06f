#include "mappings/engine/record_codec.hpp"

#include "mappings/engine/record_format.hpp"

namespace trialgate::mappings {

using codec_detail::part;
using codec_detail::reading;
using codec_detail::writing;

namespace {

constexpr std::uint8_t format = 2;

// What a record begins with, or each of its facts.
constexpr std::uint64_t run_follows = 0, new_shape = 1, first_shape = 2;
constexpr std::uint64_t as_expected = ~std::uint64_t{0}; ///< never written
constexpr std::uint8_t longest_run = 255;

/// Of a record in a run; with fewer, a short input would decode to many records.
std::size_t least_bytes(std::uint64_t facts) noexcept {
    return 4 * (1 + static_cast<std::size_t>(facts));
}

} // namespace

record_writer::record_writer() : out_(1, static_cast<char>(format)) {}

void record_writer::add_part(telling& to, part p, const std::string& shape, const std::string& differing) {
    byte_sink in_full(to.in_full);
    auto n = before_.shapes.find(shape);
    to.expected = to.expected && n && before_.shapes.expected(p, before_.what) == n;
    if (n) {
        in_full.number(*n + first_shape);
    } else {
        in_full.number(new_shape);
        n = before_.shapes.tell(in_full, p, before_.what, shape);
    }
    before_.shapes.follows(p, before_.what, *n);
    to.in_full += differing;
    to.as_expected += differing;
}

void record_writer::append(const record& r) {
    // The format is described once for both directions, and the description writes to what it is given.
    record from = r;
    std::string shape, differing;
    std::uint64_t facts = r.facts.size();
    telling told;
    writing head{byte_sink(shape), byte_sink(differing), before_};
    describe(head, from, facts);
    add_part(told, part::head, shape, differing);
    for (fact& f : from.facts) {
        shape.clear();
        differing.clear();
        writing each{byte_sink(shape), byte_sink(differing), before_};
        describe(each, f);
        add_part(told, part::fact, shape, differing);
        before_.what = f.what;
    }
    if (!told.expected || told.as_expected.size() < least_bytes(facts)) {
        run_ = 0;
        out_ += told.in_full;
        return;
    }
    if (run_ == 0 || static_cast<std::uint8_t>(out_[run_]) == longest_run) {
        byte_sink(out_).number(run_follows);
        run_ = out_.size();
        out_ += '\0';
    }
    out_[run_] = static_cast<char>(static_cast<std::uint8_t>(out_[run_]) + 1);
    out_ += told.as_expected;
}

std::string record_writer::take() {
    std::string out = std::move(out_);
    *this = record_writer();
    return out;
}

record_reader::record_reader(std::string_view bytes) noexcept : rest_(bytes) {
    if (rest_.empty() || static_cast<std::uint8_t>(rest_.front()) != format)
        broken_ = true;
    else
        rest_.remove_prefix(1);
}

std::uint64_t record_reader::begin_record() {
    byte_source from(rest_);
    if (run_ == 0) {
        const std::uint64_t told = from.number();
        if (told != run_follows) {
            broken_ = broken_ || !from.ok();
            return told;
        }
        run_ = from.byte();
    }
    broken_ = broken_ || !from.ok() || run_ == 0;
    --run_;
    return as_expected;
}

std::string_view record_reader::shape_of(part p, std::uint64_t told) {
    byte_source from(rest_);
    std::optional<std::uint32_t> n;
    if (told == as_expected)
        n = before_.shapes.expected(p, before_.what);
    else if (told == new_shape)
        n = before_.shapes.hear(from, p, before_.what);
    else if (told >= first_shape && told - first_shape < before_.shapes.size())
        n = static_cast<std::uint32_t>(told - first_shape);
    if (!n) {
        broken_ = true;
        return {};
    }
    before_.shapes.follows(p, before_.what, *n);
    return before_.shapes[*n];
}

std::optional<record> record_reader::next() {
    if (broken_ || (rest_.empty() && run_ == 0))
        return std::nullopt;
    record out;
    std::uint64_t facts = 0;
    const auto read = [&](part p, std::uint64_t told, auto&& describe_it) {
        std::string_view shape = shape_of(p, told);
        if (broken_)
            return;
        reading r{byte_source(shape), byte_source(rest_), before_};
        describe_it(r);
        broken_ = broken_ || !r.ok() || !shape.empty();
    };
    const std::uint64_t told = begin_record();
    const std::size_t before = rest_.size();
    if (!broken_)
        read(part::head, told, [&](reading& r) { describe(r, out, facts); });
    if (facts > before)
        broken_ = true;
    for (std::uint64_t i = 0; i < facts && !broken_; ++i) {
        fact& f = out.facts.emplace_back();
        const std::uint64_t fact_told = told == as_expected ? told : byte_source(rest_).number();
        read(part::fact, fact_told, [&](reading& r) { describe(r, f); });
        before_.what = f.what;
    }
    if (told == as_expected && before - rest_.size() < least_bytes(facts))
        broken_ = true;
    if (broken_)
        return std::nullopt;
    return out;
}

} // namespace trialgate::mappings
