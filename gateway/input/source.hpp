// Where records come from: files, folders, gzip, standard input. Gives whole documents or lines, with memory bounded by the largest
// one document, never by the input.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

struct input_file {
    std::string name; ///< for messages; "-" is standard input
    std::uint64_t bytes = 0;
};

struct input_problem {
    std::string file;
    std::uint64_t line = 0, column = 0; ///< 0 = not told
    std::string path;                   ///< element path, may be empty
    std::string text;
    std::string_view part{}; ///< what could not be read; valid during the call only; empty when it cannot be told
};
/// "file:line:column: Observation.status: text"
std::string to_string(const input_problem& p);

/// Expands arguments: folders become their .json, .ndjson, .jsonl and .gz files (below too), in order of name; hidden files are left out.
std::vector<input_file> list_inputs(const std::vector<std::string>& arguments, std::vector<input_problem>& problems);

/// One JSON document or one line of NDJSON.
struct piece {
    std::string_view text;
    std::uint64_t first_line; ///< of the text in its file, from 1
};

/// Reads `file` and calls `use` for each piece, in order. NDJSON is recognised by content: a first line that is a whole JSON object.
/// Several documents one after the other are accepted. `advance` is told the bytes of the file that were consumed (compressed bytes for gzip).
/// Nothing on success, else why the file could not be read to its end; what came before was used.
std::optional<input_problem> read_pieces(const std::string& file, const std::function<void(const piece&)>& use,
                                         const std::function<void(std::uint64_t)>& advance);

} // namespace trialgate::gateway
