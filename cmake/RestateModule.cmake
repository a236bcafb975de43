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

# restate_part(<name> LIBS <target>... SOURCES <file>...)
#
# A library of its own, `restate::<name>`: what it is linked with comes to those only who ask for it.
function(restate_part name)
  cmake_parse_arguments(ARG "" "" "LIBS;SOURCES" ${ARGN})
  set(target restate_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(restate::${name} ALIAS ${target})
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name}
    CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON
    UNITY_BUILD ${RESTATE_UNITY} UNITY_BUILD_BATCH_SIZE 12)
  target_include_directories(${target} PRIVATE
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/lib)
  target_include_directories(${target} SYSTEM PRIVATE ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(${target} PUBLIC restate PRIVATE $<BUILD_INTERFACE:restate_flags> ${ARG_LIBS})
  restate_warnings(${target})
  add_dependencies(${target} restate_generated)
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
