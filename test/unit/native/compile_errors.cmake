# cmake -DCXX=<compiler> -DROOT=<source> -DSOURCE=<file> -DDEFINES=<flags> -P compile_errors.cmake
# A mistake costs its author one error, which says what to do: the file has a line `// error: <sentence>` for
# each error that it must have, and has no others.
file(STRINGS ${SOURCE} lines REGEX "^// error: ")
execute_process(
  COMMAND ${CXX} -std=c++20 ${DEFINES} -I${ROOT}/include -fsyntax-only ${SOURCE}
  RESULT_VARIABLE status ERROR_VARIABLE printed)
string(REGEX MATCHALL "error: " errors "${printed}")
list(LENGTH errors count)
list(LENGTH lines expected)
if(status EQUAL 0 OR NOT count EQUAL expected)
  message(FATAL_ERROR "expected ${expected} errors, and found ${count}:\n${printed}")
endif()
foreach(line IN LISTS lines)
  string(REPLACE "// error: " "" sentence "${line}")
  string(FIND "${printed}" "restate: ${sentence}" said)
  if(said EQUAL -1)
    message(FATAL_ERROR "nothing says '${sentence}':\n${printed}")
  endif()
endforeach()
