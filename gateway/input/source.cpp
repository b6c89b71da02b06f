#include "gateway/input/source.hpp"

#include "fhir/scan.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace trialgate::gateway {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t chunk = std::size_t{1} << 20;
/// A single document larger than this is refused: no FHIR server sends one, and memory must stay bounded.
constexpr std::size_t largest_document = std::size_t{2} << 30;

bool wanted(const fs::path& file) {
    const std::string name = file.filename().string();
    return name.ends_with(".json") || name.ends_with(".ndjson") || name.ends_with(".jsonl") || name.ends_with(".json.gz") ||
           name.ends_with(".ndjson.gz") || name.ends_with(".jsonl.gz");
}

bool blank(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
}

/// True when one of the first lines is a JSON object by itself: then the text is NDJSON, even if its first line is broken. A pretty-printed
/// document has no such line at the left margin.
bool has_whole_line(std::string_view text) {
    constexpr int lines_looked_at = 5;
    for (int n = 0; n < lines_looked_at && !text.empty(); ++n) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        if (line.starts_with('{'))
            if (const auto whole = fhir::scan::balanced_length(line); whole && blank(line.substr(*whole)))
                return true;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return false;
}

/// Cuts a growing text into pieces. Decides once whether it sees lines or documents.
class cutter {
public:
    explicit cutter(const std::function<void(const piece&)>& use) : use_(use) {}

    /// Uses what is complete in `text` and returns how many bytes that was. `last`: nothing follows.
    std::size_t cut(std::string_view text, bool last) {
        std::size_t at = 0;
        if (line_ == 1 && text.starts_with("\xef\xbb\xbf"))
            at = 3;
        for (;;) {
            while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n'))
                line_ += text[at++] == '\n';
            if (at == text.size())
                return at;
            const std::size_t used = mode_ == mode::lines ? one_line(text.substr(at), last) : one_document(text.substr(at), last);
            if (used == 0)
                return at;
            at += used;
        }
    }

private:
    enum class mode { undecided, lines, documents };

    std::size_t one_line(std::string_view text, bool last) {
        std::size_t end = text.find('\n');
        if (end == text.npos) {
            if (!last)
                return 0;
            end = text.size();
        }
        use_({text.substr(0, end), line_});
        return end;
    }

    std::size_t one_document(std::string_view text, bool last) {
        if (mode_ == mode::undecided) {
            const std::size_t newline = text.find('\n');
            if (newline == text.npos && !last)
                return 0;
            if (newline != text.npos && has_whole_line(text)) {
                mode_ = mode::lines;
                return one_line(text, last);
            }
            mode_ = mode::documents;
        }
        // Scanning again from the start after every chunk would be quadratic: wait until the text has doubled.
        if (!last && text.size() < retry_at_)
            return 0;
        const auto length = fhir::scan::balanced_length(text);
        if (!length && !last) {
            retry_at_ = text.size() * 2;
            return 0;
        }
        retry_at_ = 0;
        const std::string_view document = text.substr(0, length.value_or(text.size()));
        use_({document, line_});
        line_ += static_cast<std::uint64_t>(std::count(document.begin(), document.end(), '\n'));
        return document.size();
    }

    const std::function<void(const piece&)>& use_;
    mode mode_ = mode::undecided;
    std::uint64_t line_ = 1;
    std::size_t retry_at_ = 0;
};

struct descriptor {
    int is = -1;
    bool owned = true;
    ~descriptor() {
        if (owned && is >= 0)
            ::close(is);
    }
};

input_problem unreadable(const std::string& file, std::string why) { return {file, 0, 0, "", std::move(why)}; }

/// gzip or plain bytes from a descriptor, by zlib (which passes plain bytes through).
std::optional<input_problem> read_stream(int from, const std::string& name, cutter& cut,
                                         const std::function<void(std::uint64_t)>& advance) {
    gzFile in = ::gzdopen(::dup(from), "rb");
    if (!in)
        return unreadable(name, "cannot be opened");
    ::gzbuffer(in, 256u << 10);
    std::string held;
    std::optional<input_problem> failed;
    std::int64_t told = 0;
    for (bool last = false; !last;) {
        const std::size_t before = held.size();
        held.resize(before + chunk);
        const int n = ::gzread(in, held.data() + before, static_cast<unsigned>(chunk));
        held.resize(before + static_cast<std::size_t>(std::max(n, 0)));
        int code = 0;
        if (const char* text = ::gzerror(in, &code); n < 0 || (n == 0 && code != Z_OK && code != Z_STREAM_END))
            failed = unreadable(name, std::string("cannot be read to its end: ") + (code == Z_BUF_ERROR ? "the compressed data are cut short" : text));
        last = n <= 0;
        const std::size_t used = cut.cut(held, last);
        held.erase(0, used);
        if (const auto now = ::gzoffset(in); now > told) {
            advance(static_cast<std::uint64_t>(now - told));
            told = now;
        }
        if (held.size() > largest_document) {
            failed = unreadable(name, "a single document larger than 2 GB");
            break;
        }
    }
    ::gzclose(in);
    return failed;
}

/// A folder that cannot be read is listed itself, so that reading it says why.
void walk(const fs::path& folder, std::vector<input_file>& into) {
    std::error_code bad;
    for (auto at = fs::directory_iterator(folder, bad); !bad && at != fs::directory_iterator(); at.increment(bad)) {
        std::error_code none;
        if (at->path().filename().string().starts_with('.'))
            continue;
        if (at->is_directory(none) && !at->is_symlink(none))
            walk(at->path(), into);
        else if (at->is_regular_file(none) && wanted(at->path()))
            into.push_back({at->path().string(), at->file_size(none)});
    }
    if (bad)
        into.push_back({folder.string(), 0});
}

} // namespace

std::string to_string(const input_problem& p) {
    std::string out = p.file;
    if (p.line)
        out += ':' + std::to_string(p.line);
    if (p.line && p.column)
        out += ':' + std::to_string(p.column);
    out += ": ";
    if (!p.path.empty())
        out += p.path + ": ";
    return out + p.text;
}

std::vector<input_file> list_inputs(const std::vector<std::string>& arguments, std::vector<input_problem>& problems) {
    std::vector<input_file> out;
    for (const std::string& argument : arguments) {
        std::error_code bad;
        if (argument == "-") {
            out.push_back({"-", 0});
        } else if (fs::is_directory(argument, bad)) {
            std::vector<input_file> below;
            walk(argument, below);
            std::sort(below.begin(), below.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
            out.insert(out.end(), below.begin(), below.end());
        } else if (fs::exists(argument, bad)) {
            std::error_code none;
            const auto size = fs::file_size(argument, none);
            out.push_back({argument, none ? 0 : size});
        } else
            problems.push_back(unreadable(argument, "no such file or folder"));
    }
    return out;
}

std::optional<input_problem> read_pieces(const std::string& file, const std::function<void(const piece&)>& use,
                                         const std::function<void(std::uint64_t)>& advance) {
    cutter cut(use);
    if (file == "-")
        return read_stream(STDIN_FILENO, "standard input", cut, advance);
    const descriptor opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat about {};
    if (opened.is < 0 || ::fstat(opened.is, &about) != 0)
        return unreadable(file, std::strerror(errno));
    if (S_ISDIR(about.st_mode))
        return unreadable(file, "is a folder");
    unsigned char magic[2]{};
    const bool regular = S_ISREG(about.st_mode);
    const bool gzip = regular && ::pread(opened.is, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
    if (!regular || gzip)
        return read_stream(opened.is, file, cut, advance);
    if (about.st_size == 0)
        return std::nullopt;
    const auto size = static_cast<std::size_t>(about.st_size);
    void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, opened.is, 0);
    if (mapped == MAP_FAILED)
        return read_stream(opened.is, file, cut, advance);
    ::madvise(mapped, size, MADV_SEQUENTIAL);
    // Lines are handed on in steps, so that the progress bar moves within a large file.
    const std::string_view text(static_cast<const char*>(mapped), size);
    std::size_t told = 0;
    const std::function<void(const piece&)> counted = [&](const piece& p) {
        use(p);
        const auto at = static_cast<std::size_t>(p.text.data() - text.data()) + p.text.size();
        if (at - told > chunk) {
            advance(at - told);
            told = at;
        }
    };
    cutter steps(counted);
    steps.cut(text, true);
    advance(size - told);
    ::munmap(mapped, size);
    return std::nullopt;
}

} // namespace trialgate::gateway
