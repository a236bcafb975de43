# cmake -DCXX=<compiler> -DROOT=<source> -DDEFINES=<flags> -P no_serde.cmake
# A type without a serde costs its author one error, which says what to do.
execute_process(
  COMMAND ${CXX} -std=c++20 ${DEFINES} -I${ROOT}/include -fsyntax-only
          ${CMAKE_CURRENT_LIST_DIR}/no_serde.cc
  RESULT_VARIABLE status ERROR_VARIABLE printed)
string(REGEX MATCHALL "error: " errors "${printed}")
list(LENGTH errors count)
string(FIND "${printed}" "restate: this type has no Serde. Include <restate/json.h>" said)
if(status EQUAL 0 OR NOT count EQUAL 1 OR said EQUAL -1)
  message(FATAL_ERROR "expected one error about the serde, and found ${count}:\n${printed}")
endif()
