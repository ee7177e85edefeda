# The few functions every CMakeLists.txt of Berth uses. One library per group of the house
# (docs/architecture.md); third parties are linked PRIVATE so that they stay in the folder that owns them.

include_guard(GLOBAL)

# g++ 12 takes the inside of an empty std::optional for uninitialized at -O2; the sanitizers of dev see the real ones.
set(BERTH_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)

# Options shared by every target of ours; an interface library, so that third parties are not touched.
add_library(berth_options INTERFACE)
target_compile_features(berth_options INTERFACE cxx_std_20)
target_compile_options(berth_options INTERFACE ${BERTH_WARNINGS} -fno-omit-frame-pointer)
target_include_directories(berth_options INTERFACE ${PROJECT_SOURCE_DIR})

if(BERTH_SANITIZE STREQUAL "address")
  target_compile_options(berth_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all)
  target_link_options(berth_options INTERFACE -fsanitize=address,undefined)
elseif(BERTH_SANITIZE STREQUAL "thread")
  target_compile_options(berth_options INTERFACE -fsanitize=thread)
  target_link_options(berth_options INTERFACE -fsanitize=thread)
elseif(NOT BERTH_SANITIZE STREQUAL "none")
  message(FATAL_ERROR "BERTH_SANITIZE is '${BERTH_SANITIZE}'; it must be address, thread or none")
endif()

if(BERTH_FUZZ)
  target_compile_options(berth_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(BERTH_HARDEN)
  target_compile_options(berth_options INTERFACE
    -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
    target_compile_options(berth_options INTERFACE -mbranch-protection=standard)
  else()
    target_compile_options(berth_options INTERFACE -fcf-protection)
  endif()
  target_link_options(berth_options INTERFACE -Wl,-z,relro,-z,now)
endif()

# berth_library(core_base SOURCES a.cpp HEADERS a.h DEPENDS core_x PRIVATE_DEPENDS third::party)
# A library whose headers all compile alone: a.cpp includes a.h first (.ci/checks/layering.py), which proves it for
# a.h; headers without a source are verified by the target all_verify_interface_header_sets.
function(berth_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  set(with_source "")
  set(without_source "")
  foreach(header ${ARG_HEADERS})
    string(REGEX REPLACE "\\.h$" ".cpp" source ${header})
    if(source IN_LIST ARG_SOURCES)
      list(APPEND with_source ${header})
    else()
      list(APPEND without_source ${header})
    endif()
  endforeach()
  target_sources(${name} PUBLIC
    FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${without_source}
    FILE_SET with_source TYPE HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${with_source})
  set_target_properties(${name} PROPERTIES INTERFACE_HEADER_SETS_TO_VERIFY HEADERS)
  target_link_libraries(${name} PUBLIC berth_options ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE_DEPENDS})
  if(NOT ARG_SOURCES)
    set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
  endif()
endfunction()

# berth_test(core_base_test SOURCES a_test.cpp DEPENDS core_base [THREADS])
# One test program per group; every TEST of it is one ctest entry. THREADS: it has some, so the thread sanitizer runs it
# too (label "threads").
function(berth_test name)
  cmake_parse_arguments(ARG "THREADS" "" "SOURCES;DEPENDS" ${ARGN})
  if(NOT BUILD_TESTING)
    return()
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE berth_options ${ARG_DEPENDS} GTest::gmock_main)
  # The tests' own text is half of what is compiled and none of what is tested: optimizing it, and looking for
  # undefined behaviour in it, costs minutes.
  # (Of the source files, because the options of a target come before those of what it links.)
  set_property(SOURCE ${ARG_SOURCES} APPEND PROPERTY COMPILE_OPTIONS $<$<CONFIG:Debug>:-O0 -fno-sanitize=undefined>)
  set(label unit)
  if(ARG_THREADS)
    add_dependencies(threads_tests ${name})
    set(label threads)
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 300 LABELS ${label})
endfunction()

# berth_program(berth SOURCES main.cpp DEPENDS cli): a shipped program in build/bin.
function(berth_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE berth_options ${ARG_DEPENDS} ${ARG_PRIVATE_DEPENDS})
endfunction()
