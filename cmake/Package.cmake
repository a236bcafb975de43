# What a distribution gets: the server, with its man pages and completions, and by `cpack -G DEB` three packages:
# the server, which also has a unit of systemd and /etc/restate/restate.toml, the shared library, and what programs
# are built with. `scripts/package` builds them.
set(RESTATE_PACKAGE_MAINTAINER "Restate in C++ <restate@packages.invalid>" CACHE STRING
  "Who answers for the packages: a name and an address")
set(RESTATE_PACKAGE_REVISION 1 CACHE STRING "Of the packages, for one version of the server")

set(packaging ${PROJECT_SOURCE_DIR}/packaging)
install(FILES ${packaging}/restate-server.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT server)
install(FILES ${packaging}/restate.toml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT server)
install(FILES ${packaging}/completions/restate-server.bash RENAME restate-server
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT server)
install(FILES ${packaging}/completions/_restate-server
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT server)
install(FILES ${packaging}/completions/restate-server.fish
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT server)

set(soversion ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(library_package librestate${soversion})
set(development_package librestate-dev)

# Only in the packages: `cmake --install --prefix` writes nowhere else.
install(FILES ${packaging}/restate.toml DESTINATION /etc/restate COMPONENT server_package EXCLUDE_FROM_ALL)
install(FILES ${packaging}/restate-server.service DESTINATION /lib/systemd/system
  COMPONENT server_package EXCLUDE_FROM_ALL)
set(pages operating troubleshooting security memory observability flow-control kafka query postgres compatibility)
list(TRANSFORM pages REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/docs/\\1.md")
install(FILES ${packaging}/debian/copyright ${pages}
  DESTINATION share/doc/restate-server COMPONENT server_package EXCLUDE_FROM_ALL)
install(FILES ${packaging}/debian/lintian-overrides RENAME restate-server
  DESTINATION share/lintian/overrides COMPONENT server_package EXCLUDE_FROM_ALL)
foreach(part library development)
  set(package ${${part}_package})
  set(more_overrides "")
  if(part STREQUAL "library")  # CPack has scripts for it, beside our trigger
    set(more_overrides "${package}: maintscript-calls-ldconfig *")
  endif()
  install(FILES ${packaging}/debian/copyright.library RENAME copyright
    DESTINATION share/doc/${${part}_package} COMPONENT ${part}_package EXCLUDE_FROM_ALL)
  configure_file(${packaging}/debian/lintian-overrides.library.in
    ${PROJECT_BINARY_DIR}/debian/lintian-overrides.${part})
  install(FILES ${PROJECT_BINARY_DIR}/debian/lintian-overrides.${part} RENAME ${${part}_package}
    DESTINATION share/lintian/overrides COMPONENT ${part}_package EXCLUDE_FROM_ALL)
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/docs/embedding.md ${PROJECT_SOURCE_DIR}/docs/handlers.md
    ${PROJECT_SOURCE_DIR}/docs/testing.md
  DESTINATION share/doc/${development_package} COMPONENT development_package EXCLUDE_FROM_ALL)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples DESTINATION share/doc/${development_package}
  COMPONENT development_package EXCLUDE_FROM_ALL
  FILES_MATCHING PATTERN "*.cc" PATTERN "*.h" PATTERN "CMakeLists.txt" PATTERN "output.txt")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME restate-server)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each package has its own
set(CPACK_PACKAGE_CONTACT ${RESTATE_PACKAGE_MAINTAINER})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
# The parts are left out of the libraries' packages: they would bring librdkafka and libcurl to everybody, and Debian
# has no DuckDB. The server's package has them.
set(CPACK_COMPONENTS_ALL
  server server_package library library_package development development_package)
foreach(part SERVER LIBRARY DEVELOPMENT)
  string(TOLOWER ${part} group)
  set(CPACK_COMPONENT_${part}_GROUP ${group})
  set(CPACK_COMPONENT_${part}_PACKAGE_GROUP ${group})
endforeach()
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/PackageStaging.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${RESTATE_PACKAGE_REVISION})
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_SERVER_PACKAGE_NAME restate-server)
set(CPACK_DEBIAN_SERVER_PACKAGE_SECTION net)
if(RESTATE_SQL)
  get_filename_component(duckdb_dir ${DuckDB_LIBRARY} DIRECTORY)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${duckdb_dir})
endif()
# Certificates of deployments behind TLS.
set(CPACK_DEBIAN_SERVER_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_EXTRA
  ${packaging}/debian/conffiles ${packaging}/debian/postinst ${packaging}/debian/postrm
  ${packaging}/debian/prerm)
set(CPACK_DEBIAN_SERVER_DESCRIPTION
"durable execution engine for services
restate-server runs the handlers of services so that they survive any
crash: every step they take is recorded before it counts, and after a
failure they go on where they stopped.

It keeps state, timers, workflows and queues for services written with the
SDKs of Restate 1.7, and is managed with the restate command.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${library_package})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
configure_file(${packaging}/debian/shlibs.in ${PROJECT_BINARY_DIR}/debian/shlibs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA
  ${PROJECT_BINARY_DIR}/debian/shlibs ${packaging}/debian/triggers)
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION
"durable execution engine as a C++ library
Functions of a C++ program that survive any crash: every step they take is
recorded before it counts, and after a failure they go on where they
stopped. The engine lives in the process, in memory or in a folder.

This package has the shared library, which programs need that use it.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME ${development_package})
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
# What the static library is linked with; the shared one has what it needs.
set(depends "${library_package} (= ${PROJECT_VERSION}-${RESTATE_PACKAGE_REVISION})" libfmt-dev
  libnghttp2-dev libprotobuf-dev librocksdb-dev libssl-dev libuv1-dev libxxhash-dev protobuf-compiler zlib1g-dev)
if(NOT Llhttp_SOURCES)
  list(APPEND depends libllhttp-dev)
endif()
list(JOIN depends ", " CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_RECOMMENDS nlohmann-json3-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS "cmake | pkgconf")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION
"durable execution engine as a C++ library (development)
Functions of a C++ program that survive any crash: every step they take is
recorded before it counts, and after a failure they go on where they
stopped. The engine lives in the process, in memory or in a folder.

This package has the headers, the static library, the simulator for tests,
descriptions for CMake and pkg-config, and examples.")
include(CPack)
