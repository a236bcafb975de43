include(${CMAKE_CURRENT_LIST_DIR}/Layers.cmake)

# Our warnings, for our own targets only: as a subproject we set no global flag.
function(restate_warnings target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers)
  # GCC 12 sees uninitialized members in moved-from variants that are never read.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
  endif()
  if(RESTATE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# restate_module(<name> [DEPENDS <module>...] [LIBS <target>...] SOURCES <file>...)
#
# An OBJECT library with our warnings whose objects are folded into `restate` (or, for `sim` and `trial`,
# into `restate_testing`). DEPENDS must stay inside the row of cmake/Layers.cmake.
function(restate_module name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBS;SOURCES" ${ARGN})
  restate_layer_uses(${name} allowed)
  foreach(dep IN LISTS ARG_DEPENDS)
    if(NOT dep IN_LIST allowed)
      message(FATAL_ERROR "module '${name}' may not depend on '${dep}': see cmake/Layers.cmake")
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY RESTATE_MODULES ${name})
  if(NOT ARG_SOURCES)
    return()
  endif()

  set(target restate_${name})
  add_library(${target} OBJECT ${ARG_SOURCES})
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${target} PRIVATE
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/lib)
  # Generated headers are not held to our warnings.
  target_include_directories(${target} SYSTEM PRIVATE ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(${target} PRIVATE restate_flags ${ARG_LIBS})
  restate_warnings(${target})
  set_target_properties(${target} PROPERTIES
    UNITY_BUILD ${RESTATE_UNITY} UNITY_BUILD_BATCH_SIZE 12)
  # Generated sources (flatbuffers, protobuf) must exist before anything includes them.
  if(TARGET restate_generated)
    add_dependencies(${target} restate_generated)
  endif()
  if(name MATCHES "^(sim|trial)$")
    set_property(GLOBAL APPEND PROPERTY RESTATE_TESTING_OBJECTS ${target})
    set_property(GLOBAL APPEND PROPERTY RESTATE_TESTING_LIBS ${ARG_LIBS})
  else()
    set_property(GLOBAL APPEND PROPERTY RESTATE_OBJECTS ${target})
    set_property(GLOBAL APPEND PROPERTY RESTATE_LIBS ${ARG_LIBS})
  endif()
endfunction()

# restate_exports(<shared library> <version script>): shows what the script says, and lacks nothing.
function(restate_exports target script)
  target_link_options(${target} PRIVATE LINKER:--version-script=${script})
  set_target_properties(${target} PROPERTIES LINK_DEPENDS ${script}
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  if(NOT RESTATE_SANITIZE)  # those leave names for the program to define
    target_link_options(${target} PRIVATE LINKER:-z,defs)
  endif()
endfunction()

# restate_part(<name> SHOWS <function> LIBS <target>... SOURCES <file>...)
#
# A library of its own, `restate::<name>`: what it is linked with comes to those only who ask for it. Its header
# declares one function, `restate::<function>`. There are both kinds, as of the library itself (lib/CMakeLists.txt).
function(restate_part name)
  cmake_parse_arguments(ARG "" "SHOWS" "LIBS;SOURCES" ${ARGN})
  set(objects restate_${name}_objects)
  add_library(${objects} OBJECT EXCLUDE_FROM_ALL ${ARG_SOURCES})
  target_compile_features(${objects} PRIVATE cxx_std_20)
  set_target_properties(${objects} PROPERTIES
    CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON
    UNITY_BUILD ${RESTATE_UNITY} UNITY_BUILD_BATCH_SIZE 12)
  target_include_directories(${objects} PRIVATE
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/lib)
  target_include_directories(${objects} SYSTEM PRIVATE ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(${objects} PRIVATE restate_flags ${ARG_LIBS})
  restate_warnings(${objects})
  add_dependencies(${objects} restate_generated)

  set(unless_installed EXCLUDE_FROM_ALL)
  if(RESTATE_INSTALL)
    set(unless_installed "")
  endif()
  add_library(restate_${name} STATIC ${unless_installed} $<TARGET_OBJECTS:${objects}>)
  target_link_libraries(restate_${name} PUBLIC restate PRIVATE ${ARG_LIBS})
  # It uses the inside of the engine, which librestate.so does not show: it brings what it needs of that.
  set(show ${PROJECT_BINARY_DIR}/restate-${name}.map)
  file(CONFIGURE OUTPUT ${show} CONTENT
    "{\n  global: extern \"C++\" { restate::@ARG_SHOWS@*; };\n  local: *;\n};\n" @ONLY)
  add_library(restate_${name}_shared SHARED ${unless_installed} $<TARGET_OBJECTS:${objects}>)
  target_link_libraries(restate_${name}_shared PUBLIC restate_shared
    PRIVATE ${ARG_LIBS} restate restate_flags)
  restate_exports(restate_${name}_shared ${show})
  set_target_properties(restate_${name} restate_${name}_shared PROPERTIES
    EXPORT_NAME ${name} OUTPUT_NAME restate-${name} LINKER_LANGUAGE CXX)
  if(BUILD_SHARED_LIBS)
    add_library(restate::${name} ALIAS restate_${name}_shared)
  else()
    add_library(restate::${name} ALIAS restate_${name})
  endif()
  set_property(GLOBAL APPEND PROPERTY RESTATE_PARTS ${name})
endfunction()

# restate_test(<name> [LABELS <label>...] [LIBS <target>...] SOURCES <file>...)
# One Catch2 program; ctest runs it as one test.
function(restate_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LABELS;LIBS;SOURCES;ARGS" ${ARGN})
  if(NOT ARG_SOURCES)
    return()
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_compile_features(${name} PRIVATE cxx_std_20)
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
  target_include_directories(${name} PRIVATE
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR}/test)
  target_include_directories(${name} SYSTEM PRIVATE ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(${name} PRIVATE restate_testing restate restate_flags restate_private_libs
    Catch2::Catch2WithMain ${ARG_LIBS})
  target_compile_definitions(${name} PRIVATE
    RESTATE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" RESTATE_BINARY_DIR="${PROJECT_BINARY_DIR}")
  restate_warnings(${name})
  add_test(NAME ${name} COMMAND ${name} ${ARG_ARGS})
  if(ARG_LABELS)
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}")
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
  if(RESTATE_SANITIZE STREQUAL "thread")
    set_tests_properties(${name} PROPERTIES
      ENVIRONMENT "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/test/tsan.supp")
  endif()
endfunction()
