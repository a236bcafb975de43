# cmake -DPROGRAM=<file> -DOUTPUT=<file> -P run.cmake
# Runs an example and compares what it prints.
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE printed RESULT_VARIABLE status)
file(READ ${OUTPUT} expected)
if(NOT status EQUAL 0 OR NOT printed STREQUAL expected)
  message(FATAL_ERROR "it ended with ${status} and printed:\n${printed}instead of:\n${expected}")
endif()
