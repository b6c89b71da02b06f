// Any bytes may stand in a store. They must be refused or read, and what was read must survive another round.
#include "mappings/engine/record_codec.hpp"

#include <cstdlib>

using namespace trialgate::mappings;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    record_reader reader({reinterpret_cast<const char*>(data), size});
    record_writer writer;
    while (auto r = reader.next())
        writer.append(*r);
    const std::string bytes = writer.take();
    record_reader again(bytes);
    record_writer second;
    while (auto r = again.next())
        second.append(*r);
    if (again.broken() || second.bytes() != bytes)
        std::abort();
    return 0;
}
