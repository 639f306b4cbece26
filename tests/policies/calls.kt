@Composable
fun Policy() {
    Column {
                PolicyItem(
                    label = "使用SDK名称",
                    value = "友盟 SDK"
                )
                PolicyItem(
                    label = "服务类型",
                    value = "使用量统计分析"
                )
                PolicyItem(
                    label = "收集个人信息类型",
                    value = "设备信息（IMEI/MAC/Android ID/IDFA/OpenUDID/GUID/IP 地址/SIM 卡 IMSI 信息等）"
                )
        Text(
            "使用SDK名称：高德定位SDK",
            style = MaterialTheme.typography.bodySmall
        )
        Text(
            "收集个人信息类型：精确位置、Wi-Fi MAC",
            style = MaterialTheme.typography.bodySmall
        )
    }
}
