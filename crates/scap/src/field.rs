//! The vocabulary of objects and items: their kinds and the names of their entities, as small numbers.

/// Declares an enum whose variants are words of the standard.
macro_rules! words {
    ($(#[$meta:meta])* crate $name:ident { $($variant:ident = $word:literal,)* }) => {
        crate::field::words! { @enum [pub(crate)] $(#[$meta])* $name { $($variant = $word,)* } }
    };
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal,)* }) => {
        crate::field::words! { @enum [pub] $(#[$meta])* #[expect(missing_docs, reason = "each variant is the standard's word in our spelling")] $name { $($variant = $word,)* } }

        impl $name {
            /// Every word, in the order of the declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];
        }
    };
    (@enum [$vis:vis] $(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        $vis enum $name { $($variant,)* }

        impl $name {
            /// The word as the standard writes it.
            #[must_use]
            $vis const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Finds the variant of a word; words that we do not know have none.
            #[must_use]
            $vis fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What an object looks for: the name of its element without `_object`.
    ///
    /// A kind that no variant names is never asked of a collector: its objects are "not collected".
    Kind {
        TextFileContent54 = "textfilecontent54",
        File = "file",
        RpmInfo = "rpminfo",
        DpkgInfo = "dpkginfo",
        SystemdUnitProperty = "systemdunitproperty",
        SystemdUnitDependency = "systemdunitdependency",
        Variable = "variable",
        Partition = "partition",
        Sysctl = "sysctl",
        SelinuxBoolean = "selinuxboolean",
        Family = "family",
        Uname = "uname",
        EnvironmentVariable58 = "environmentvariable58",
        EnvironmentVariable = "environmentvariable",
        Symlink = "symlink",
        XmlFileContent = "xmlfilecontent",
        Shadow = "shadow",
        Password = "password",
        RpmVerifyFile = "rpmverifyfile",
        RpmVerifyPackage = "rpmverifypackage",
        RpmVerify = "rpmverify",
        InetListeningServers = "inetlisteningservers",
        SelinuxSecurityContext = "selinuxsecuritycontext",
        Interface = "interface",
        Process58 = "process58",
        Process = "process",
        RunLevel = "runlevel",
        TextFileContent = "textfilecontent",
        FileHash = "filehash",
        FileHash58 = "filehash58",
        Inetd = "inetd",
        Xinetd = "xinetd",
        SlackwarePkgInfo = "slackwarepkginfo",
        FileExtendedAttribute = "fileextendedattribute",
        IfListeners = "iflisteners",
        RoutingTable = "routingtable",
        GConf = "gconf",
        YamlFileContent = "yamlfilecontent",
        Sql = "sql",
        Ldap = "ldap",
    }
}

words! {
    /// The name of an entity of an object, a state or an item.
    ///
    /// A state entity whose name no variant names compares as an entity that no item has.
    Field {
        // Files and their text.
        Filepath = "filepath",
        Path = "path",
        Filename = "filename",
        Pattern = "pattern",
        Instance = "instance",
        Line = "line",
        Text = "text",
        Subexpression = "subexpression",
        Type = "type",
        GroupId = "group_id",
        UserId = "user_id",
        ATime = "a_time",
        CTime = "c_time",
        MTime = "m_time",
        Size = "size",
        Suid = "suid",
        Sgid = "sgid",
        Sticky = "sticky",
        URead = "uread",
        UWrite = "uwrite",
        UExec = "uexec",
        GRead = "gread",
        GWrite = "gwrite",
        GExec = "gexec",
        ORead = "oread",
        OWrite = "owrite",
        OExec = "oexec",
        HasExtendedAcl = "has_extended_acl",
        CanonicalPath = "canonical_path",
        XPath = "xpath",
        ValueOf = "value_of",
        YamlPath = "yamlpath",
        WindowsView = "windows_view",
        Md5 = "md5",
        Sha1 = "sha1",
        Hash = "hash",
        HashType = "hash_type",
        AttributeName = "attribute_name",
        // Packages.
        Name = "name",
        Arch = "arch",
        Epoch = "epoch",
        Release = "release",
        Version = "version",
        Evr = "evr",
        SignatureKeyid = "signature_keyid",
        ExtendedName = "extended_name",
        Architecture = "architecture",
        Revision = "revision",
        SizeDiffers = "size_differs",
        ModeDiffers = "mode_differs",
        Md5Differs = "md5_differs",
        FileDigestDiffers = "filedigest_differs",
        DeviceDiffers = "device_differs",
        LinkMismatch = "link_mismatch",
        OwnershipDiffers = "ownership_differs",
        GroupDiffers = "group_differs",
        MtimeDiffers = "mtime_differs",
        CapabilitiesDiffer = "capabilities_differ",
        ConfigurationFile = "configuration_file",
        DocumentationFile = "documentation_file",
        GhostFile = "ghost_file",
        LicenseFile = "license_file",
        ReadmeFile = "readme_file",
        DependencyCheckPassed = "dependency_check_passed",
        DigestCheckPassed = "digest_check_passed",
        SignatureCheckPassed = "signature_check_passed",
        VerificationScriptSuccessful = "verification_script_successful",
        // The running system.
        Unit = "unit",
        Property = "property",
        Value = "value",
        Dependency = "dependency",
        VarRef = "var_ref",
        MountPoint = "mount_point",
        Device = "device",
        Uuid = "uuid",
        FsType = "fs_type",
        MountOptions = "mount_options",
        MountOptionsTotal = "mount_options_total",
        TotalSpace = "total_space",
        SpaceUsed = "space_used",
        SpaceLeft = "space_left",
        SpaceLeftForUnprivilegedUsers = "space_left_for_unprivileged_users",
        BlockSize = "block_size",
        CurrentStatus = "current_status",
        PendingStatus = "pending_status",
        Family = "family",
        MachineClass = "machine_class",
        NodeName = "node_name",
        OsName = "os_name",
        OsRelease = "os_release",
        OsVersion = "os_version",
        ProcessorType = "processor_type",
        Pid = "pid",
        Ppid = "ppid",
        Command = "command",
        CommandLine = "command_line",
        ExecTime = "exec_time",
        Priority = "priority",
        Ruid = "ruid",
        SchedulingClass = "scheduling_class",
        StartTime = "start_time",
        Tty = "tty",
        ExecShield = "exec_shield",
        LoginUid = "loginuid",
        PosixCapability = "posix_capability",
        SelinuxDomainLabel = "selinux_domain_label",
        SessionId = "session_id",
        ServiceName = "service_name",
        RunLevel = "runlevel",
        Start = "start",
        Kill = "kill",
        // Accounts.
        Username = "username",
        Password = "password",
        Gcos = "gcos",
        HomeDir = "home_dir",
        LoginShell = "login_shell",
        LastLogin = "last_login",
        ChgLst = "chg_lst",
        ChgAllow = "chg_allow",
        ChgReq = "chg_req",
        ExpWarn = "exp_warn",
        ExpInact = "exp_inact",
        ExpDate = "exp_date",
        Flag = "flag",
        EncryptMethod = "encrypt_method",
        // The network.
        Protocol = "protocol",
        LocalAddress = "local_address",
        LocalPort = "local_port",
        LocalFullAddress = "local_full_address",
        ProgramName = "program_name",
        ForeignAddress = "foreign_address",
        ForeignPort = "foreign_port",
        ForeignFullAddress = "foreign_full_address",
        InterfaceName = "interface_name",
        HwAddress = "hw_address",
        HardwareAddr = "hardware_addr",
        InetAddr = "inet_addr",
        BroadcastAddr = "broadcast_addr",
        Netmask = "netmask",
        Destination = "destination",
        Gateway = "gateway",
        Flags = "flags",
        // SELinux labels.
        User = "user",
        Role = "role",
        LowSensitivity = "low_sensitivity",
        LowCategory = "low_category",
        HighSensitivity = "high_sensitivity",
        HighCategory = "high_category",
        RawLowSensitivity = "rawlow_sensitivity",
        RawLowCategory = "rawlow_category",
        RawHighSensitivity = "rawhigh_sensitivity",
        RawHighCategory = "rawhigh_category",
        // Old super-servers and stores that are hardly met any more.
        EndpointType = "endpoint_type",
        ExecAsUser = "exec_as_user",
        ServerProgram = "server_program",
        ServerArguments = "server_arguments",
        WaitStatus = "wait_status",
        Disabled = "disabled",
        NoAccess = "no_access",
        OnlyFrom = "only_from",
        Port = "port",
        Server = "server",
        SocketType = "socket_type",
        Wait = "wait",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_again() {
        for field in Field::ALL {
            assert_eq!(Field::parse(field.name()), Some(*field));
        }
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.name()), Some(*kind));
        }
        assert_eq!(Kind::parse("registry"), None);
    }
}
