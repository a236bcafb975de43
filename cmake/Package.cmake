# What a distribution gets: the server, with its man pages and completions, and by `cpack -G DEB` a
# package that also has a unit of systemd and /etc/restate/restate.toml. `scripts/package` builds it.
set(RESTATE_PACKAGE_MAINTAINER "Restate in C++ <restate@packages.invalid>" CACHE STRING
  "Who answers for the package: a name and an address")
set(RESTATE_PACKAGE_REVISION 1 CACHE STRING "Of the package, for one version of the server")

set(packaging ${PROJECT_SOURCE_DIR}/packaging)
set(package_doc_dir share/doc/restate-server)
install(FILES ${packaging}/restate-server.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT server)
install(FILES ${packaging}/restate.toml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT server)
install(FILES ${packaging}/completions/restate-server.bash RENAME restate-server
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT server)
install(FILES ${packaging}/completions/_restate-server
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT server)
install(FILES ${packaging}/completions/restate-server.fish
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT server)

# Only in the package: `cmake --install --prefix` writes nowhere else.
install(FILES ${packaging}/restate.toml DESTINATION /etc/restate COMPONENT package EXCLUDE_FROM_ALL)
install(FILES ${packaging}/restate-server.service DESTINATION /lib/systemd/system
  COMPONENT package EXCLUDE_FROM_ALL)
install(FILES ${packaging}/debian/copyright ${PROJECT_SOURCE_DIR}/docs/operating.md
  DESTINATION ${package_doc_dir} COMPONENT package EXCLUDE_FROM_ALL)
install(FILES ${packaging}/debian/lintian-overrides RENAME restate-server
  DESTINATION share/lintian/overrides COMPONENT package EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME restate-server)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT ${RESTATE_PACKAGE_MAINTAINER})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL server package)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/PackageStaging.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${RESTATE_PACKAGE_REVISION})
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
if(RESTATE_SQL)
  get_filename_component(duckdb_dir ${DuckDB_LIBRARY} DIRECTORY)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${duckdb_dir})
endif()
# Certificates of deployments behind TLS.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${packaging}/debian/conffiles ${packaging}/debian/postinst ${packaging}/debian/postrm
  ${packaging}/debian/prerm)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "durable execution engine for services")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"restate-server runs the handlers of services so that they survive any
crash: every step they take is recorded before it counts, and after a
failure they go on where they stopped.

It keeps state, timers, workflows and queues for services written with the
SDKs of Restate 1.7, and is managed with the restate command.")
include(CPack)
