# Writes the page's files into a source of the program. cmake -DTO=assets_data.cpp -DFILES=a;b -P embed.cmake
# A name is relative to web/: "index.html", "texts/en.js"; elsewhere it is the last part. A byte is written as a number: string literals of this length are slower to compile, and .incbin hides a change from compiler caches.
set(arrays "")
set(table "")
set(n 0)
foreach(file IN LISTS FILES)
  if(file MATCHES "/gateway/page/(web/)?(.*)$")
    set(name "${CMAKE_MATCH_2}")
  else()
    get_filename_component(name "${file}" NAME)
  endif()
  file(READ "${file}" bytes HEX)
  string(LENGTH "${bytes}" length)
  math(EXPR length "${length} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(................................................................................................................................................................)" "\\1\n" bytes "${bytes}")
  string(APPEND arrays "const unsigned char bytes_${n}[] = {${bytes}0};\n")
  string(APPEND table "    {\"${name}\", bytes_${n}, ${length}},\n")
  math(EXPR n "${n} + 1")
endforeach()
file(WRITE "${TO}" "// Made by gateway/page/embed.cmake.\n#include \"gateway/page/assets.hpp\"\n\nnamespace trialgate::gateway {\nnamespace {\n\n${arrays}
constexpr embedded_file all[] = {\n${table}    {nullptr, nullptr, 0}};\n\n} // namespace\n
std::span<const embedded_file> embedded_files() noexcept { return {all, ${n}}; }\n\n} // namespace trialgate::gateway\n")
